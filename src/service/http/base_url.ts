/** How clients reach the service, for the addresses that answers name. */
import { pathOf, ROUTES } from "../../contract/api.ts";

/** Where an endpoint that registered through `request` connects, ws or wss. */
export function forwarderUrl(request: Request, publicUrl: string | null): string {
  // Without a public URL, the way that the client itself came: its Host was checked.
  const base = publicUrl ?? new URL(request.url).origin;
  return base.replace(/^http/, "ws") + pathOf(ROUTES.forwarder);
}
