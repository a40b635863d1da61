/** To be built. */
import { FuncxError } from "../../contract/errors.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

const notBuilt = (): never => {
  throw new FuncxError({ code: "INTERNAL_ERROR", message: "not built yet" });
};

export function overviewHandlers(_parts: ServiceParts): Pick<Handlers, "endpointLog"> {
  return { endpointLog: notBuilt };
}
