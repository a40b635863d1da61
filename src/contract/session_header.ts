/** By itself, for scripts that must be small. */

/** With the page's half of a session; see `api_sessions.ts`. */
export const SESSION_HEADER = "Funcx-Session";
