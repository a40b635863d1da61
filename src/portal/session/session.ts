/**
 * Who is signed in. The page's half of the session is the key in the storage of this origin; the
 * other half is a cookie that scripts cannot read. See `contract/api_sessions.ts`.
 */
import { signal } from "@preact/signals";
import { Client } from "../../client/mod.ts";
import { type Session, SIGN_IN_FRAGMENT, type SignIn } from "../../contract/api_sessions.ts";
import type { Answer, Scope } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { SESSION_HEADER } from "../../contract/session_header.ts";
import { takeEarly } from "./early_requests.ts";
import { SESSION_KEY_ITEM, storedKey } from "./stored_key.ts";

/** Whom the service knows a session as. */
export interface Identity {
  readonly user: string;
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
}

export type SessionState =
  | { readonly kind: "unknown" }
  /** `reason` says why, when it was not asked for. */
  | { readonly kind: "signed_out"; readonly reason?: string }
  | { readonly kind: "signed_in" } & Identity;

/** Whom the key was given to: so the page needs not ask before it begins. */
const IDENTITY = "funcx.session.identity";
/** Whose pages this tab has shown, in its own storage, beside what was entered on them. */
const USER = "funcx.session.user";
/** A page says soon that the service does not answer, and asks again by itself. */
const PATIENCE = 4_000;

export const session = signal<SessionState>(remembered());

/** The service that this page came from, as whoever is signed in. */
export const client = new Client({
  url: location.origin,
  token: { sessionKey: () => storedKey() ?? "" },
  patience: PATIENCE,
  fetch: async (input, init) => {
    const key = new Headers(init?.headers).get(SESSION_HEADER);
    const response = await (earlyAnswer(input, key, init) ?? fetch(input, init));
    if (response.status === 401 && key !== null) void sessionLost(key, response.clone());
    return response;
  },
});

function earlyAnswer(
  input: string | URL | Request,
  key: string | null,
  { method, body, signal }: RequestInit = {},
): Promise<Response> | undefined {
  if (typeof input !== "string" || (method !== "GET" && method !== "POST")) return undefined;
  if (key === null || (body !== undefined && typeof body !== "string")) return undefined;
  return takeEarly(
    { method, path: input.slice(location.origin.length), body, key },
    signal ?? undefined,
  );
}

/** Whether the session may do what needs `scope`. */
export function may(scope: Exclude<Scope, "endpoint">): boolean {
  const state = session.value;
  if (state.kind !== "signed_in") return false;
  return state.scopes.includes("all") || state.scopes.includes(scope) ||
    (scope === "read" && state.scopes.some((held) => held === "run" || held === "manage"));
}

/**
 * Uses the code of a link that the page was opened with, or asks the service whether the session that
 * this browser remembers is still one.
 */
export async function openSession(): Promise<void> {
  const code = takeCode();
  try {
    if (code !== undefined) return await signIn({ code });
    if (storedKey() === null) return signedOut();
    signedIn(await client.whoAmI());
  } catch (thrown) {
    if (!(thrown instanceof FuncxError)) throw thrown;
    // One that was refused has been told of; and one that cannot be reached may be the same soon.
    if (session.value.kind !== "signed_in") signedOut(reasonOf(thrown));
  }
}

/** Rejects with the service's refusal. */
export async function signIn(credentials: SignIn): Promise<void> {
  const opened: Session = await client.call("signIn", { body: credentials });
  localStorage.setItem(SESSION_KEY_ITEM, opened.key);
  signedIn(opened);
}

/** Ends the session at the service, and in this browser also when the service does not answer. */
export async function signOut(): Promise<void> {
  try {
    await client.call("signOut", {});
  } finally {
    signedOut();
  }
}

/** The link was opened in a window that shows the sign-in form already. */
addEventListener("hashchange", () => {
  if (location.hash.startsWith(`#${SIGN_IN_FRAGMENT}`)) void openSession();
});

/** A page of another tab may have signed in or out. */
addEventListener("storage", (event) => {
  if (event.key === SESSION_KEY_ITEM) void openSession();
});

/** Pages wait for whoever had them: somebody else begins with empty ones. */
function signedIn({ user, token_id, scopes }: Answer<"whoAmI">): void {
  const identity: Identity = { user, tokenId: token_id, scopes };
  localStorage.setItem(IDENTITY, JSON.stringify(identity));
  const before = sessionStorage.getItem(USER);
  const isAnother = before !== null && before !== user;
  if (isAnother) sessionStorage.clear();
  sessionStorage.setItem(USER, user);
  if (isAnother) return location.reload();
  const { value } = session;
  const isKnown = value.kind === "signed_in" && value.tokenId === token_id;
  if (!isKnown) session.value = { kind: "signed_in", ...identity };
}

function remembered(): SessionState {
  const identity = localStorage.getItem(IDENTITY);
  if (identity === null || storedKey() === null) return { kind: "unknown" };
  try {
    return { kind: "signed_in", ...JSON.parse(identity) };
  } catch {
    // Not as this version writes it; the service is asked.
    return { kind: "unknown" };
  }
}

function signedOut(reason?: string): void {
  localStorage.removeItem(SESSION_KEY_ITEM);
  localStorage.removeItem(IDENTITY);
  session.value = { kind: "signed_out", reason };
}

/**
 * The page stays as it is under the sign-in form, so that nothing that was typed is lost. What a request
 * with the key of another session was told says nothing of this one, which may have begun meanwhile.
 */
async function sessionLost(key: string, response: Response): Promise<void> {
  const body: { readonly reason?: string } = await response.json().catch(() => ({}));
  if (session.value.kind !== "signed_in" || key !== storedKey()) return;
  signedOut(body.reason ?? "the session has ended");
}

function reasonOf(error: FuncxError): string {
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}

/**
 * From the address, which then shows it no longer, nor does the history. The address of links is
 * left in any case: the form stands over any page, and behind it there is none at that address.
 */
function takeCode(): string | undefined {
  const { hash, pathname, search } = location;
  const hasCode = hash.startsWith(`#${SIGN_IN_FRAGMENT}`);
  const path = pathname === "/sign-in" ? "/" : pathname;
  if (!hasCode && path === pathname) return undefined;
  history.replaceState(null, "", path + search + (hasCode ? "" : hash));
  // Tells the router, which is not there yet when the page has just been opened.
  dispatchEvent(new PopStateEvent("popstate"));
  return hasCode ? hash.slice(SIGN_IN_FRAGMENT.length + 1) : undefined;
}
