/** Where endpoints connect: an upgrade to the forwarder protocol, then the hub's business. */
import { FuncxError } from "../../contract/errors.ts";
import { SUBPROTOCOL } from "../../contract/protocol/version.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

/** WebSocket's code for a peer that broke a rule of the other side (RFC 6455, section 7.4.1). */
const POLICY_VIOLATION = 1008;

export function forwarderHandlers({ hub, uses, now }: ServiceParts): Pick<Handlers, "forwarder"> {
  return {
    forwarder: ({ caller, request }) => {
      const { endpointId } = caller;
      if (endpointId === null) throw notAnEndpoint();
      requireUpgrade(request.headers);
      // The protocol's own heartbeats find out who is gone; Deno's pings would be a second, stricter
      // judge, who gives up a peer whose machine slept for a moment.
      const { socket, response } = Deno.upgradeWebSocket(request, {
        protocol: SUBPROTOCOL,
        idleTimeout: 0,
      });
      const end = uses.watch(caller, now(), (reason) => {
        // A stopping service lets the hub say goodbye first.
        if (reason !== "stopping") socket.close(POLICY_VIOLATION, `token ${reason}`);
      });
      socket.addEventListener("close", end, { once: true });
      hub.accept(socket, endpointId);
      return response;
    },
  };
}

function requireUpgrade(headers: Headers): void {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new FuncxError({
      code: "REQUEST_MALFORMED",
      message: "this address speaks WebSocket only; the request asks for no upgrade",
      hint: "only the agent of an endpoint connects here",
    });
  }
  const offered = headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ??
    [];
  if (offered.includes(SUBPROTOCOL)) return;
  throw new FuncxError({
    code: "PROTOCOL_VERSION_UNSUPPORTED",
    message: `expected the subprotocol ${SUBPROTOCOL}, found ${
      JSON.stringify(offered.join(", ").slice(0, 80))
    }`,
    hint: "use the same version of funcx-endpoint on both sides",
  });
}

function notAnEndpoint(): FuncxError {
  return new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: "the token is not that of an endpoint",
    hint: "use the token that the endpoint got when it was registered",
  });
}
