/**
 * The protocol's version, one integer. A peer that speaks an older one is served as long as it is
 * not below `MINIMUM_PROTOCOL_VERSION`; one that speaks a newer one is told this version and may
 * step down.
 *
 * History, one line per change:
 *
 * - 1: the first: hello, tasks, results, credits, heartbeats, cancel, output, drain. Added since,
 *   optional for both ends: `held` and `missing`; the picture of the machine in the status;
 *   `log_request` and `log_lines`.
 */
export const PROTOCOL_VERSION = 1;
export const MINIMUM_PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol; its number changes only when the framing does. */
export const SUBPROTOCOL = "funcx.v1";

/**
 * The same for the link between agent and manager, which mostly run the same file: another version is
 * refused. History, one line per change:
 *
 * - 1: the first: hello, run, ended, kept, recall, pieces of files. Added since, optional for both
 *   ends: `moved` of an attempt, `planned` of one that is lost, `ending` of `room`.
 */
export const MANAGER_PROTOCOL_VERSION = 1;
export const MANAGER_SUBPROTOCOL = "funcx.manager.v1";

/** Of the connections that the service joins; see `../relay.ts`. */
export const RELAY_SUBPROTOCOL = "funcx.relay.v1";
