/**
 * Who is signed in. The page's half of the session is the key in the storage of this origin; the
 * other half is a cookie that scripts cannot read. See `contract/api_sessions.ts`.
 */
import { signal } from "@preact/signals";
import { Client } from "../../client/mod.ts";
import { type Session, SIGN_IN_FRAGMENT, type SignIn } from "../../contract/api_sessions.ts";
import type { Answer, Scope } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { setServiceTime } from "../shell/clock.ts";

export type SessionState =
  | { readonly kind: "unknown" }
  /** `reason` says why, when it was not asked for. */
  | { readonly kind: "signed_out"; readonly reason?: string }
  | {
    readonly kind: "signed_in";
    readonly user: string;
    readonly tokenId: string;
    readonly scopes: readonly Scope[];
  };

const KEY = "funcx.session.key";
/** Whose pages this tab has shown, in its own storage, beside what was entered on them. */
const USER = "funcx.session.user";
/** A page says soon that the service does not answer, and asks again by itself. */
const PATIENCE = 4_000;

export const session = signal<SessionState>({ kind: "unknown" });

/** The service that this page came from, as whoever is signed in. */
export const client = new Client({
  url: location.origin,
  token: { sessionKey: () => localStorage.getItem(KEY) ?? "" },
  patience: PATIENCE,
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 401) void sessionLost(response.clone());
    return response;
  },
});

/** Whether the session may do what needs `scope`. */
export function may(scope: Exclude<Scope, "endpoint">): boolean {
  const state = session.value;
  if (state.kind !== "signed_in") return false;
  return state.scopes.includes("all") || state.scopes.includes(scope) ||
    (scope === "read" && state.scopes.some((held) => held === "run" || held === "manage"));
}

/** Looks whether this browser is signed in, and uses the code of a link that it was opened with. */
export async function openSession(): Promise<void> {
  const code = takeCode();
  try {
    setServiceTime((await client.health()).now);
    if (code !== undefined) return await signIn({ code });
    if (localStorage.getItem(KEY) === null) {
      session.value = { kind: "signed_out" };
      return;
    }
    signedIn(await client.whoAmI());
  } catch (thrown) {
    if (!(thrown instanceof FuncxError)) throw thrown;
    if (session.value.kind === "unknown") signedOut(reasonOf(thrown));
  }
}

/** Rejects with the service's refusal. */
export async function signIn(credentials: SignIn): Promise<void> {
  const opened: Session = await client.call("signIn", { body: credentials });
  localStorage.setItem(KEY, opened.key);
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

/** A page of another tab may have signed in or out. */
addEventListener("storage", (event) => {
  if (event.key === KEY) void openSession();
});

/** Pages wait for whoever had them: somebody else begins with empty ones. */
function signedIn({ user, token_id, scopes }: Answer<"whoAmI">): void {
  const before = sessionStorage.getItem(USER);
  const isAnother = before !== null && before !== user;
  if (isAnother) sessionStorage.clear();
  sessionStorage.setItem(USER, user);
  if (isAnother) location.reload();
  else session.value = { kind: "signed_in", user, tokenId: token_id, scopes };
}

function signedOut(reason?: string): void {
  localStorage.removeItem(KEY);
  session.value = { kind: "signed_out", reason };
}

/** The page stays as it is under the sign-in form, so that nothing that was typed is lost. */
async function sessionLost(response: Response): Promise<void> {
  if (session.value.kind !== "signed_in") return;
  const body: { readonly reason?: string } = await response.json().catch(() => ({}));
  if (session.value.kind === "signed_in") signedOut(body.reason ?? "the session has ended");
}

function reasonOf(error: FuncxError): string {
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}

/** From the address, which then shows it no longer, nor does the history. */
function takeCode(): string | undefined {
  if (!location.hash.startsWith(`#${SIGN_IN_FRAGMENT}`)) return undefined;
  const code = location.hash.slice(SIGN_IN_FRAGMENT.length + 1);
  const path = location.pathname === "/sign-in" ? "/" : location.pathname;
  history.replaceState(null, "", path + location.search);
  return code;
}
