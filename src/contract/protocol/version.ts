/**
 * The protocol's version, one integer. A peer that speaks an older one is served as long as it is
 * not below `MINIMUM_PROTOCOL_VERSION`; one that speaks a newer one is told this version and may
 * step down.
 *
 * History, one line per change:
 *
 * - 1: the first: hello, tasks, results, credits, heartbeats, cancel, output, drain.
 */
export const PROTOCOL_VERSION = 1;
export const MINIMUM_PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol; its number changes only when the framing does. */
export const SUBPROTOCOL = "funcx.v1";
