/** Which service the client commands talk to, and with which token. */
import * as v from "valibot";
import { FuncxError } from "../contract/errors.ts";
import { type FuncxHome, type Login, LoginSchema } from "../contract/home.ts";
import { verifyService } from "../contract/service_proof.ts";
import { readIfPresent } from "../lib/files.ts";
import { resolve } from "../lib/path.ts";
import { fetchTrusting } from "../lib/trusting_fetch.ts";
import type { CliContext } from "./context.ts";
import { unwrap } from "./failure.ts";

export interface ServiceAddress {
  /** Base URL without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Trusts the authority that `login` keeps for it. */
  readonly fetch: typeof fetch;
}

/**
 * FUNCX_SERVICE_URL, else the service that `login` chose, else the private service, which makes
 * itself the choice when it starts. The token comes from FUNCX_TOKEN_FILE or from `login`. A private
 * service has to prove itself before it gets the token.
 *
 * Throws `NOT_LOGGED_IN`, `SERVICE_UNAVAILABLE`, `SERVICE_NOT_OURS` or `INPUT_INVALID`.
 */
export async function chosenService(context: CliContext): Promise<ServiceAddress> {
  const named = context.env("FUNCX_SERVICE_URL") ?? "";
  const url = named !== "" ? serviceUrl(named) : readLogin(context.home).current;
  if (url === null) throw notLoggedIn("no service is chosen");
  return await serviceAt(context, url);
}

/** The same for a service that is known by its URL. */
export async function serviceAt(
  { home, env }: CliContext,
  url: string,
): Promise<ServiceAddress> {
  const known = readLogin(home).services[url];
  const file = tokenFile(env);
  const token = file === undefined ? known?.token : readToken(file);
  if (token === undefined) throw notLoggedIn(`there is no token for ${url}`);
  if (known?.proof_key !== undefined) {
    unwrap(await verifyService({ url, proof_key: known.proof_key, ca: known.ca }));
  }
  return { url, token, fetch: fetchTrusting(known?.ca) };
}

/** The file with the token that the user named, absolute. */
export function tokenFile(env: CliContext["env"]): string | undefined {
  const file = env("FUNCX_TOKEN_FILE") ?? "";
  return file === "" ? undefined : resolve(file);
}

/** `login.json`, or an empty one; throws `INPUT_INVALID` when it cannot be understood. */
export function readLogin(home: FuncxHome): Login {
  const text = readIfPresent(home.loginFile);
  if (text === undefined) return { current: null, services: {} };
  try {
    return v.parse(LoginSchema, JSON.parse(text));
  } catch (cause) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${home.loginFile} is damaged`,
      hint: "Move it away and log in again with `funcx-endpoint login`.",
    }, { cause });
  }
}

/** A base URL as it is stored and compared; throws `INPUT_INVALID`. */
export function serviceUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ["http:", "https:"].includes(url.protocol) && url.username === "") {
    return (url.origin + url.pathname).replace(/\/+$/, "");
  }
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `"${text}" is not the address of a service`,
    hint: "Write it as https://HOST or http://HOST:PORT.",
  });
}

function readToken(file: string): string {
  const text = readIfPresent(file)?.trim();
  if (text !== undefined && text !== "") return text;
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `${file}, which FUNCX_TOKEN_FILE names, ${
      text === "" ? "is empty" : "does not exist"
    }`,
    hint: "Put the token alone into that file, with mode 0600.",
  });
}

function notLoggedIn(message: string): FuncxError {
  return new FuncxError({
    code: "NOT_LOGGED_IN",
    message,
    hint: "Use `funcx-endpoint login URL`, or `funcx-endpoint service start` for a private one.",
  });
}
