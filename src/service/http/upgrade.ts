/** Requests that ask to become a WebSocket. */
import { FuncxError } from "../../contract/errors.ts";

/** Throws `REQUEST_MALFORMED`, or `PROTOCOL_VERSION_UNSUPPORTED` without the subprotocol. */
export function requireUpgrade(headers: Headers, subprotocol: string): void {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new FuncxError({
      code: "REQUEST_MALFORMED",
      message: "this address speaks WebSocket only; the request asks for no upgrade",
      hint: "only the agent and the managers of an endpoint connect here",
    });
  }
  const offered = headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ??
    [];
  if (offered.includes(subprotocol)) return;
  throw new FuncxError({
    code: "PROTOCOL_VERSION_UNSUPPORTED",
    message: `expected the subprotocol ${subprotocol}, found ${
      JSON.stringify(offered.join(", ").slice(0, 80))
    }`,
    hint: "use the same version of funcx-endpoint on both sides",
  });
}
