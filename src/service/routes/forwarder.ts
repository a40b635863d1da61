/** Where endpoints connect: an upgrade to the forwarder protocol, then the hub's business. */
import { FuncxError } from "../../contract/errors.ts";
import { SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { requireUpgrade } from "../http/upgrade.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

/** WebSocket's code for a peer that broke a rule of the other side (RFC 6455, section 7.4.1). */
const POLICY_VIOLATION = 1008;

export function forwarderHandlers({ hub, uses, now }: ServiceParts): Pick<Handlers, "forwarder"> {
  return {
    forwarder: ({ caller, request }) => {
      const { endpointId } = caller;
      if (endpointId === null) throw notAnEndpoint();
      requireUpgrade(request.headers, SUBPROTOCOL);
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

function notAnEndpoint(): FuncxError {
  return new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: "the token is not that of an endpoint",
    hint: "use the token that the endpoint got when it was registered",
  });
}
