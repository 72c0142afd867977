/** What somebody needs who writes an adapter: a lease store, a transport, an interceptor of units, an observer. */
export { EventHub, type Audience, type EventOf } from './events/event-hub.js';
export { WORKER_HOST, type WorkerHost, type WorkerUnit } from './supervision/worker-host.js';
export type { Gate, GateKeeper, Part, Pass, UnitId } from './supervision/ports.js';
export type { Peer } from './host/peers.js';
export type { LeaseAnswer, LeaseGrant, LeaseOwner, LeaseRequest, LeaseStore } from './contract/lease-store.js';
export { CLOCK, type Clock, type Timer, type TimerOptions } from './shared/clock.js';
export { WorkerAborted, type AbortWhy } from './shared/errors.js';
export { AroundUnits } from './definition/decorators.js';
export { checkAll, invalid, rule, type Rule, type Rules } from './definition/check.js';

export type { EventBody, EventType, WorkerEvent } from './contract/events.js';
export type { Lease } from './contract/lease.js';
export type { WaitingOn, WorkerState } from './contract/worker-state.js';
export type { UnitInfo, UnitInterceptor } from './contract/units.js';
export type {
  Delivered,
  Delivery,
  DeliveryEnd,
  HandlerInfo,
  Sending,
  TaskConsumer,
  TaskMessage,
  TaskTransport,
  TransportApp,
} from './tasks/wire/transport.js';
export { notSupported } from './tasks/wire/transport.js';
export { opened, sealed, type Envelope, type Opened } from './tasks/wire/envelope.js';
export type { Claimed, OutboxMessage, OutboxStore, Sent } from './tasks/wire/outbox.js';
