/**
 * Opening a link that nobody else may see. Arguments of a program are everybody's to read on a shared
 * machine, so the opener gets the name of a private file that leads on to the link, never the link.
 * The file stays until the next one takes its place: how soon a browser reads it cannot be known, and
 * the code in it is worthless after its first use.
 */
import { SIGN_IN_FRAGMENT } from "../contract/api_sessions.ts";
import { ensurePrivateFolder, writePrivateFile } from "../lib/files.ts";
import { join } from "../lib/path.ts";
import type { CliContext } from "./context.ts";

/** Whether a browser was asked to; waits for nothing. `link` has a {@link SIGN_IN_FRAGMENT}. */
export function openInBrowser({ env, home }: CliContext, link: string): boolean {
  if (!hasDisplay(env)) return false;
  const file = join(home.root, "portal.html");
  ensurePrivateFolder(home.root);
  writePrivateFile(file, pageThatLeadsTo(link));
  const opener = Deno.build.os === "darwin" ? "open" : "xdg-open";
  try {
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    new Deno.Command(opener, { args: [file], ...quiet }).spawn().unref();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** Not over SSH: a browser there would be slow, or on nobody's screen. */
function hasDisplay(env: CliContext["env"]): boolean {
  const isSet = (name: string): boolean => (env(name) ?? "") !== "";
  if (isSet("SSH_CONNECTION")) return false;
  return Deno.build.os === "darwin" || isSet("DISPLAY") || isSet("WAYLAND_DISPLAY");
}

/** A link has no character of HTML: it is an address of `serviceUrl` and base64url. */
function pageThatLeadsTo(link: string): string {
  const address = encodeURI(link).replaceAll("&", "&amp;").replaceAll("'", "&#39;");
  const shown = link.slice(0, link.indexOf(`#${SIGN_IN_FRAGMENT}`));
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${address}">
<title>funcX</title>
<p><a href="${address}">${encodeURI(shown).replaceAll("&", "&amp;")}</a></p>
`;
}
