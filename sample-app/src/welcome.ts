export const welcome = (address: string, ownMonitor: number): string => `
The uptime monitor runs at ${address} and already watches itself. Try next, in another terminal:

  curl ${address}/monitors/${ownMonitor}
  curl ${address}/monitors -H 'content-type: application/json' -d '{"url":"https://nestjs.com","intervalMs":5000}'
  curl ${address}/monitors
  curl ${address}/workers

Ctrl-C lets the probes in flight finish, then closes the database.
`;
