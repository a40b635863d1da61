/** To be built. */
import { FuncxError } from "../../contract/errors.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

const notBuilt = (): never => {
  throw new FuncxError({ code: "INTERNAL_ERROR", message: "not built yet" });
};

export function overviewHandlers(
  { directory }: ServiceParts,
): Pick<
  Handlers,
  | "functionUsage"
  | "listSites"
  | "endpointHistory"
  | "endpointLog"
> {
  return {
    functionUsage: notBuilt,
    listSites: ({ caller, query }) => directory.sites({ ...query, viewer: caller.user }),
    endpointHistory: notBuilt,
    endpointLog: notBuilt,
  };
}
