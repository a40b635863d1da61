/**
 * Routes of both daemons' control sockets. Apart from `control.ts`, since a command that only asks
 * need not load the schemas.
 */
export const CONTROL_PATHS = { status: "/status", events: "/events", stop: "/stop" } as const;
