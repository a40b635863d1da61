/** The endpoint that the user means, as the service knows it. */
import type { EndpointRecord } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { FuncxHome } from "../../contract/home_folder.ts";
import { isUuid } from "../../contract/ids.ts";
import type { Client } from "../../client/client.ts";
import type { CliContext } from "../context.ts";
import { DEFAULT_NAME, registration } from "../endpoints.ts";

/**
 * By id or name, the user's own before public ones of others; of several with one name it is the one
 * that was registered from this folder. Without a name it is the user's own that is called `default`,
 * or his only one. Throws `ENDPOINT_NOT_FOUND`, or `USAGE` when it is not clear which is meant.
 */
export async function chooseEndpoint(
  context: CliContext,
  client: Client,
  nameOrId: string | undefined,
): Promise<EndpointRecord> {
  const id = nameOrId?.toLowerCase() ?? "";
  if (isUuid(id)) return await client.endpoint(id);
  return nameOrId === undefined
    ? await implicitEndpoint(context, client)
    : await namedEndpoint(context, client, nameOrId);
}

async function namedEndpoint(
  { home }: CliContext,
  client: Client,
  name: string,
): Promise<EndpointRecord> {
  const [own, others] = await byOwner(client, { name });
  const candidates = own.length > 0 ? own : others;
  const found = candidates.length === 1 ? candidates[0] : localOne(home, client, name, candidates);
  if (found !== undefined) return found;
  if (candidates.length === 0) throw unknown(`the service knows no endpoint "${name}"`);
  throw ambiguous(`there are several endpoints "${name}"`, candidates);
}

async function implicitEndpoint(
  { home }: CliContext,
  client: Client,
): Promise<EndpointRecord> {
  const [own] = await byOwner(client, {});
  const defaults = own.filter(({ name }) => name === DEFAULT_NAME);
  const candidates = defaults.length > 0 ? defaults : own;
  const found = candidates.length === 1
    ? candidates[0]
    : localOne(home, client, DEFAULT_NAME, candidates);
  if (found !== undefined) return found;
  if (candidates.length === 0) throw unknown("the service knows no endpoint of yours");
  throw ambiguous("it is not clear which endpoint is meant", candidates);
}

type Endpoints = readonly EndpointRecord[];

/** The user's own and those of others. */
async function byOwner(
  client: Client,
  query: { readonly name?: string },
): Promise<readonly [own: Endpoints, others: Endpoints]> {
  const [{ user }, all] = await Promise.all([
    client.whoAmI(),
    Array.fromAsync(client.endpoints(query)),
  ]);
  return [all.filter(({ owner }) => owner === user), all.filter(({ owner }) => owner !== user)];
}

function localOne(
  home: FuncxHome,
  client: Client,
  name: string,
  candidates: Endpoints,
): EndpointRecord | undefined {
  const local = registration(home, name);
  if (local === undefined || local.service_url !== client.url) return undefined;
  return candidates.find(({ uuid }) => uuid === local.endpoint_id);
}

/** So many are shown when it is not clear which is meant. */
const SHOWN = 5;

function ambiguous(message: string, endpoints: readonly EndpointRecord[]): FuncxError {
  const shown = endpoints.slice(0, SHOWN)
    .map(({ uuid, name, hostname }) =>
      `${uuid} (${name}${hostname === null ? "" : `, ${hostname}`})`
    );
  if (endpoints.length > SHOWN) shown.push("…");
  return new FuncxError({
    code: "USAGE",
    message,
    hint: `Give one with --endpoint: ${shown.join(", ")}.`,
  });
}

function unknown(message: string): FuncxError {
  return new FuncxError({
    code: "ENDPOINT_NOT_FOUND",
    message,
    hint:
      "Start one with `funcx-endpoint start`; `funcx-endpoint list` shows those of this machine.",
  });
}
