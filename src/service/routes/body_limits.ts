/** How large the body of each route may be. */
import type { RouteName } from "../../contract/api.ts";
import { MAX_REQUEST_BYTES, MAX_SMALL_REQUEST_BYTES } from "../../contract/limits.ts";
import type { BodyLimit } from "../http/body.ts";

const LARGE_BODIES: Partial<Record<RouteName, BodyLimit>> = {
  submit: { bytes: MAX_REQUEST_BYTES, code: "BATCH_RUN_TOO_LARGE" },
  submitV2: { bytes: MAX_REQUEST_BYTES, code: "BATCH_RUN_TOO_LARGE" },
  registerFunctionV2: { bytes: MAX_REQUEST_BYTES, code: "FUNCTION_TOO_LARGE" },
  registerFunction: { bytes: MAX_REQUEST_BYTES, code: "FUNCTION_TOO_LARGE" },
};
const SMALL_BODY: BodyLimit = { bytes: MAX_SMALL_REQUEST_BYTES, code: "REQUEST_TOO_LARGE" };

export function bodyLimit(name: RouteName): BodyLimit {
  return LARGE_BODIES[name] ?? SMALL_BODY;
}
