/** What a daemon keeps of the environment of the shell that started it. */
import { resolve } from "../../lib/path.ts";
import { namesSecret } from "../../lib/secret_names.ts";

/**
 * Variables of that one login session, which mean nothing later, and those that would change how
 * the program itself runs.
 */
const OF_THE_SESSION =
  /^(_|PWD|OLDPWD|SHLVL|TERM|TERM_.*|COLORTERM|COLUMNS|LINES|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|WINDOWID|SSH_.*|TMUX|TMUX_.*|STY|PS[0-4]|PROMPT_COMMAND|HISTFILE|SUDO_.*|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|NPM_.*|LD_PRELOAD)$/i;

/**
 * The environment without the session's own variables and without secrets: a daemon lives long, its
 * environment can be read in `/proc`, and its tasks inherit it. Site variables such as modules,
 * licence servers and proxies stay. Paths of ours are made absolute, since a daemon works in `/`.
 */
export function daemonEnvironment(
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => !OF_THE_SESSION.test(name) && !namesSecret(name))
      .map(([name, value]) => [name, OUR_PATHS.has(name) && value !== "" ? resolve(value) : value]),
  );
}

const OUR_PATHS: ReadonlySet<string> = new Set(["FUNCX_TOKEN_FILE", "FUNCX_USER_DIR"]);
