/** Where agents wait for managers that cannot reach them, and where those come. */
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId } from "../../contract/ids.ts";
import { MAX_NAME_LENGTH } from "../../contract/limits.ts";
import { RELAY_SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { RELAY_CLOSE, relayKey } from "../../contract/relay.ts";
import { requireUpgrade } from "../http/upgrade.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

export function relayHandlers(
  { relay, uses, now }: ServiceParts,
): Pick<Handlers, "relayAgent" | "relayManager"> {
  return {
    relayAgent: ({ caller, request, query: { key }, parameters: { endpoint_id } }) => {
      if (caller.endpointId !== endpoint_id) throw notTheEndpoint();
      requireUpgrade(request.headers, RELAY_SUBPROTOCOL);
      if (!relay.hasRoom(endpoint_id, "agent")) throw busy(endpoint_id);
      const { socket, response } = upgrade(request);
      const close = relay.accept(socket, "agent", { endpointId: endpoint_id, key });
      const end = uses.watch(caller, now(), (reason) => {
        // A stopping service closes all of them.
        if (reason !== "stopping") close(RELAY_CLOSE.violation, `token ${reason}`);
      });
      socket.addEventListener("close", end, { once: true });
      return response;
    },

    relayManager: ({ request, parameters: { endpoint_id } }) => {
      const meeting = { endpointId: endpoint_id, key: relayKey(shownToken(request.headers)) };
      // The token is found by its hash, as those of the service are; see `auth/caller.ts`.
      if (!relay.has(meeting)) throw nobodyWaits();
      requireUpgrade(request.headers, RELAY_SUBPROTOCOL);
      if (!relay.hasRoom(endpoint_id, "manager")) throw busy(endpoint_id);
      const { socket, response } = upgrade(request);
      relay.accept(socket, "manager", meeting);
      return response;
    },
  };
}

/** One that answers no pings is closed: unlike a session, the relay has no heartbeats of its own. */
function upgrade(request: Request): Deno.WebSocketUpgrade {
  return Deno.upgradeWebSocket(request, { protocol: RELAY_SUBPROTOCOL });
}

function shownToken(headers: Headers): string {
  const authorization = headers.get("authorization");
  if (authorization === null) {
    throw new FuncxError({
      code: "USER_UNAUTHENTICATED",
      message: "the request has no token",
      hint: "only managers connect here, with the token of their connection file",
    });
  }
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > MAX_NAME_LENGTH) throw nobodyWaits();
  return token;
}

/** The same for an unknown endpoint, an agent that is away and a wrong token. */
function nobodyWaits(): FuncxError {
  return new FuncxError({
    code: "INVALID_AUTH_TOKEN",
    message: "no agent of the endpoint waits for managers with this token",
    hint: "either the agent is not connected to the service, or the block has ended",
  });
}

function notTheEndpoint(): FuncxError {
  return new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: "the token is not that of this endpoint",
    hint: "use the token that the endpoint got when it was registered",
  });
}

function busy(endpointId: EndpointId): FuncxError {
  return new FuncxError({
    code: "SERVICE_BUSY",
    message: `endpoint ${endpointId} has as many managers at the service as it may have`,
    hint: "Name an address in executor.address of the profile that nodes reach, if there is one.",
  });
}
