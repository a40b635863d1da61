/** Endpoints: registered, listed, shown, stopped from afar, deleted. */
import {
  type Answer,
  type EndpointRegistration,
  type GlobusRegistration,
  isGlobusAgent,
  type RegisterEndpoint,
} from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { type EndpointId, newId, type UserId } from "../../contract/ids.ts";
import { DEFAULT_PAGE_SIZE } from "../../contract/limits.ts";
import { EndpointLocks } from "../directory/endpoint_locks.ts";
import { notFound, requireOwned, requireVisible } from "../auth/access.ts";
import { hashOf, makeToken } from "../auth/token.ts";
import { forwarderUrl } from "../http/base_url.ts";
import type { ServiceParts } from "../parts.ts";
import type { EndpointDescription, EndpointToken, StoredEndpoint } from "../store/store.ts";
import { endpointRecord, listedEndpoint, shownStatus } from "./endpoint_record.ts";
import type { Call, Handlers } from "./route.ts";
import { pageOf } from "./shapes.ts";

const DEFAULT_HISTORY_MINUTES = 60;

type EndpointRoutes =
  | "registerEndpoint"
  | "updateEndpoint"
  | "listEndpoints"
  | "listSites"
  | "endpointHistory"
  | "listEndpointsV2"
  | "getEndpoint"
  | "endpointStatus"
  | "allowedFunctions"
  | "deleteEndpoint"
  | "lockEndpoint"
  | "lockEndpointV2"
  | "shutdownEndpoint";

export function endpointHandlers(parts: ServiceParts): Pick<Handlers, EndpointRoutes> {
  const { store, directory, history, hub, globus, uses, now } = parts;
  const locks = new EndpointLocks(now);

  const visible = async (endpointId: EndpointId, user: UserId): Promise<StoredEndpoint> =>
    requireVisible("endpoint", endpointId, await store.endpoints.get(endpointId), user);
  const owned = async (endpointId: EndpointId, user: UserId): Promise<StoredEndpoint> =>
    requireOwned("endpoint", endpointId, await store.endpoints.get(endpointId), user);

  const lock = async (
    { caller, parameters: { endpoint_id } }: Pick<Call<"lockEndpoint">, "caller" | "parameters">,
  ): Promise<Answer<"lockEndpoint">> => {
    await owned(endpoint_id, caller.user);
    const until = locks.lock(endpoint_id);
    await globus.lock(endpoint_id);
    hub.shutdownEndpoint(endpoint_id, true);
    return { endpoint_id, lock_expiration_timestamp: new Date(until).toISOString() };
  };

  /** False when it is not there any more. */
  const remove = async (endpoint: StoredEndpoint): Promise<boolean> => {
    const { endpointId } = endpoint;
    if (!await store.endpoints.delete(endpointId, now())) return false;
    hub.deleteEndpoint(endpointId);
    await globus.deleted(endpoint);
    uses.endOfEndpoint(endpointId);
    return true;
  };

  return {
    registerEndpoint: async ({ caller, body, request }) => {
      const endpointId = newId();
      const { token, stored } = endpointToken();
      await store.endpoints.register({
        ...description(body),
        endpointId,
        owner: caller.user,
        createdAt: now(),
        token: stored,
      });
      try {
        return await registration(parts, request, endpointId, token, body);
      } catch (thrown) {
        // Whoever is refused learns no id, and comes again for another one.
        const endpoint = await store.endpoints.get(endpointId);
        if (endpoint !== undefined) await remove(endpoint);
        throw thrown;
      }
    },

    updateEndpoint: async ({ caller, body, request, parameters: { endpoint_id } }) => {
      requireKind(await owned(endpoint_id, caller.user), body);
      locks.requireOpen(endpoint_id);
      const { token, stored } = endpointToken();
      const change = { ...description(body), token: stored, at: now() };
      if (!await store.endpoints.update(endpoint_id, change)) {
        throw notFound("endpoint", endpoint_id);
      }
      uses.endOfEndpoint(endpoint_id);
      return registration(parts, request, endpoint_id, token, body);
    },

    listEndpoints: async ({ caller, query }) => {
      const page = await directory.page({
        ...query,
        limit: query.limit ?? DEFAULT_PAGE_SIZE,
        reverse: query.reverse === "yes",
        viewer: caller.user,
      });
      return pageOf(page, (row) => listedEndpoint(parts, row, caller.user));
    },

    listSites: ({ caller, query }) => directory.sites({ ...query, viewer: caller.user }),

    endpointHistory: async ({ caller, query, parameters: { endpoint_id } }) => {
      await visible(endpoint_id, caller.user);
      return await history.points(endpoint_id, query.minutes ?? DEFAULT_HISTORY_MINUTES);
    },

    listEndpointsV2: async ({ caller, query }) => {
      const owner = query.role === "any" ? "any" : "me";
      const entries = await directory.fitting({ viewer: caller.user, owner });
      return entries.map(({ endpointId: uuid, name, displayName: display_name, owner }) => ({
        uuid,
        name,
        display_name,
        owner,
      }));
    },

    getEndpoint: async ({ caller, parameters: { endpoint_id } }) => {
      return endpointRecord(parts, await visible(endpoint_id, caller.user), caller.user);
    },

    endpointStatus: async ({ caller, parameters: { endpoint_id } }) => {
      const endpoint = await visible(endpoint_id, caller.user);
      return {
        status: hub.isOnline(endpoint_id) ? "online" : "offline",
        details: shownStatus(parts, endpoint, caller.user),
      };
    },

    allowedFunctions: async ({ caller, parameters: { endpoint_id } }) => {
      return [...(await visible(endpoint_id, caller.user)).allowedFunctions ?? []];
    },

    deleteEndpoint: async ({ caller, parameters: { endpoint_id } }) => {
      const endpoint = await owned(endpoint_id, caller.user);
      if (!await remove(endpoint)) throw notFound("endpoint", endpoint_id);
      return { result: 302 };
    },

    lockEndpoint: lock,
    lockEndpointV2: lock,

    shutdownEndpoint: async ({ caller, body, parameters: { endpoint_id } }) => {
      await owned(endpoint_id, caller.user);
      hub.shutdownEndpoint(endpoint_id, body.drain ?? true);
      return {};
    },
  };
}

function endpointToken(): { readonly token: string; readonly stored: EndpointToken } {
  const token = makeToken();
  return { token, stored: { tokenId: newId(), hash: hashOf(token) } };
}

function description(body: RegisterEndpoint): EndpointDescription {
  return {
    name: body.endpoint_name,
    displayName: body.display_name ?? null,
    description: body.description ?? null,
    metadata: body.metadata ?? null,
    allowedFunctions: body.allowed_functions?.map((id) => id.toLowerCase()) ?? null,
    public: body.public ?? false,
  };
}

/** An agent of Globus Compute has no use for the token, which nobody gets then. */
async function registration(
  { publicUrl, store, globus }: ServiceParts,
  request: Request,
  endpointId: EndpointId,
  token: string,
  body: RegisterEndpoint,
): Promise<EndpointRegistration | GlobusRegistration> {
  const endpoint = isGlobusAgent(body.metadata) ? await store.endpoints.get(endpointId) : undefined;
  if (endpoint !== undefined) {
    return { ...await globus.registered(endpoint), warnings: warnings(body) };
  }
  return {
    endpoint_id: endpointId,
    forwarder_url: forwarderUrl(request, publicUrl),
    endpoint_token: token,
    warnings: warnings(body),
  };
}

/** An id stays with the kind of agent that got it: what it has accepted only the same kind tells. */
function requireKind({ metadata }: StoredEndpoint, body: RegisterEndpoint): void {
  if (isGlobusAgent(metadata) === isGlobusAgent(body.metadata)) return;
  throw new FuncxError({
    code: "ENDPOINT_ALREADY_REGISTERED",
    message: "the endpoint was registered by an agent of another kind",
    hint: "Register it without an id, so that it gets a new one.",
  });
}

/** What Globus Compute has, this service has not, and an endpoint can do without. */
function warnings(body: RegisterEndpoint): string[] {
  const ignored = [
    ...(body.multi_user ? ["multi_user"] : []),
    ...(body.authentication_policy ? ["authentication_policy"] : []),
    ...(body.subscription_uuid ? ["subscription_uuid"] : []),
    ...(body.high_assurance ? ["high_assurance"] : []),
    ...(body.admins?.length ? ["admins"] : []),
  ];
  return ignored.map((key) => `${key} has no effect on this service`);
}
