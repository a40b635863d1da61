/** Logging by category, configured once in each process; ids go in as properties. */
import { getLogger, type Logger } from "@logtape/logtape";

export type { Logger };

/** `logger("agent", "forwarder")` gives the category funcx·agent·forwarder. */
export function logger(...category: string[]): Logger {
  return getLogger(["funcx", ...category]);
}
