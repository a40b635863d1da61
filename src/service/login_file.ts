/** The local user's own way in: his token in `login.json`, where the client commands find it. */
import { type Login, LoginSchema } from "../contract/home.ts";
import { newId, type UserId } from "../contract/ids.ts";
import { hashOf, makeToken } from "./auth/token.ts";
import { readJsonFile, writeJsonFile } from "./private_json.ts";
import type { Store } from "./store/store.ts";

export interface LoginOptions {
  readonly file: string;
  readonly store: Store;
  readonly user: UserId;
  /** Base URL of this run. */
  readonly url: string;
  readonly proofKey: string;
  /** The authority that signed its certificate, PEM. */
  readonly ca?: string;
  readonly now: number;
}

/**
 * Makes sure that `login.json` has a token of this service that works, under the URL of this run. The
 * one from an earlier run is kept, also when the service listens elsewhere now; what else the file
 * has is left as it is. Throws STORE_UNREADABLE when the file is damaged.
 */
export async function writeLogin(options: LoginOptions): Promise<void> {
  const { file, store, user, url, proofKey, ca } = options;
  const known = readJsonFile(file, LoginSchema) ?? { current: null, services: {} };
  const former = urlsOf(known, store.serviceId);
  const kept = await workingToken(former.map((one) => known.services[one]!.token), options);
  const token = kept ?? await createToken(options);
  const services = Object.fromEntries(
    Object.entries(known.services).filter(([one]) => !former.includes(one)),
  );
  const own = { token, user, service_id: store.serviceId, proof_key: proofKey };
  services[url] = ca === undefined ? own : { ...own, ca };
  const isOurs = known.current === null || former.includes(known.current);
  const changed: Login = { current: isOurs ? url : known.current, services };
  if (JSON.stringify(changed) !== JSON.stringify(known)) writeJsonFile(file, changed);
}

/** Where the file knows this service: one URL, or several when it moved. */
function urlsOf(login: Login, serviceId: string): string[] {
  return Object.keys(login.services).filter((url) => login.services[url]!.service_id === serviceId);
}

/** The first that the store knows as this user's and that has not expired. */
async function workingToken(
  tokens: readonly string[],
  { store, user, now }: LoginOptions,
): Promise<string | undefined> {
  for (const token of tokens) {
    const found = await store.tokens.findByHash(hashOf(token));
    const works = found?.user === user && (found.expiresAt === null || found.expiresAt > now) &&
      found.scopes.includes("all");
    if (works) return token;
  }
  return undefined;
}

async function createToken({ store, user, now }: LoginOptions): Promise<string> {
  const token = makeToken();
  await store.tokens.create({
    tokenId: newId(),
    hash: hashOf(token),
    user,
    label: "local user",
    scopes: ["all"],
    createdAt: now,
    expiresAt: null,
  });
  return token;
}
