/** Where an endpoint is: as its profile names it, else by the domain of its host, else by the host. */
import { MAX_NAME_LENGTH } from "../../contract/limits.ts";

/** A site is one line of text that can be asked for by its name. */
const SITE = /^\P{Cc}+$/u;
const ADDRESS = /^[\d.]+$|:/;

/**
 * @param named what the endpoint's metadata has as `site`
 * @param hostname as its agent told it; null before its first connection
 */
export function siteOf(named: unknown, hostname: string | null): string {
  if (typeof named === "string" && named.length <= MAX_NAME_LENGTH && SITE.test(named)) {
    return named;
  }
  if (hostname === null) return "";
  const dot = hostname.indexOf(".");
  const domain = dot < 0 || ADDRESS.test(hostname) ? "" : hostname.slice(dot + 1);
  return domain === "" ? hostname : domain;
}
