export const welcome = (address: string, ownMonitor: number): string => `
The uptime monitor runs at ${address} and already watches itself. Try next, in another terminal:

  curl ${address}/monitors/${ownMonitor}
  curl ${address}/monitors -H 'content-type: application/json' -d '{"url":"https://nestjs.com","intervalMs":5000}'
  curl ${address}/monitors
  curl ${address}/workers
  curl ${address}/subscribers -H 'content-type: application/json' -d '{"email":"ada@localhost"}'
  curl ${address}/notifications -H 'content-type: application/json' -d '{"subject":"Hello","text":"to all"}'
  curl ${address}/fetches -H 'content-type: application/json' -d '{"urls":["https://nestjs.com","${address}/health"]}'
  curl ${address}/mails

What answers with a task goes on behind it: curl the "status" it names, and the "outcome". Mail goes to a server in this
process, unless SMTP_URL names another. Ctrl-C lets the probes and mails in flight finish, then closes the database.
`;
