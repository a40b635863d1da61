/** The endpoint that the user means, as the service knows it. */
import type { EndpointRecord } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { isUuid } from "../../contract/ids.ts";
import type { Client } from "../../client/client.ts";
import type { CliContext } from "../context.ts";
import { DEFAULT_NAME, registration } from "../endpoints.ts";

/**
 * By id or name; without either the one called `default`, or the only one. Of several with one name
 * it is the one that was registered from this machine. Throws `ENDPOINT_NOT_FOUND`, or `USAGE` when
 * it is not clear which is meant.
 */
export async function chooseEndpoint(
  { home }: CliContext,
  client: Client,
  nameOrId: string | undefined,
): Promise<EndpointRecord> {
  const id = nameOrId?.toLowerCase() ?? "";
  if (isUuid(id)) return await client.endpoint(id);
  const name = nameOrId ?? DEFAULT_NAME;
  const named = await firstOf(client.endpoints({ name }));
  const local = registration(home, name);
  const found = named.length === 1
    ? named[0]
    : named.find(({ uuid }) => local?.endpoint_id === uuid && local.service_url === client.url);
  if (found !== undefined) return found;
  if (named.length > 1) throw ambiguous(`there are several endpoints "${name}"`, named);
  if (nameOrId !== undefined) throw unknown(`the service knows no endpoint "${name}"`);
  const all = await firstOf(client.endpoints());
  if (all.length === 1) return all[0]!;
  if (all.length === 0) throw unknown("the service knows no endpoint that you may use");
  throw ambiguous('there is no endpoint "default" but several others', all);
}

/** So many are shown when it is not clear which is meant. */
const SHOWN = 5;

async function firstOf(found: AsyncIterable<EndpointRecord>): Promise<EndpointRecord[]> {
  const endpoints: EndpointRecord[] = [];
  for await (const endpoint of found) {
    if (endpoints.push(endpoint) > SHOWN) break;
  }
  return endpoints;
}

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
