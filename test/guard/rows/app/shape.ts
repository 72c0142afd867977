/** What a test says of the app. */
export interface Settings {
  /** Of the app in the journal. */
  readonly name?: string;
  readonly rootModule?: string;
  readonly workers?: readonly string[];
  readonly enabled?: readonly string[];
  readonly key?: string;
  readonly guard?: 'auto' | 'on' | 'off';
  readonly port?: number;
  /** A body takes so long to stop, in milliseconds. */
  readonly drain?: number;
  /** Until the test has made this file. */
  readonly drainUntil?: string;
  /** Ports that are bound before any hook of the lifecycle, by src/transports.ts. */
  readonly transport?: { readonly type: 'hybrid' | 'microservice' | 'gateway'; readonly port: number };
  /** onModuleInit ends when the test has made this file. */
  readonly init?: string;
}
