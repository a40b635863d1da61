/** Functions: registered, listed, shown, deleted. */
import type { Answer, RegisterFunction } from "../../contract/api.ts";
import {
  EnvelopeError,
  functionBuffers,
  HEADERS,
  readBuffer,
  runtimeOf,
  sourceFunction,
} from "../../contract/envelope.ts";
import { imageProblem } from "../../contract/container_image.ts";
import { newId } from "../../contract/ids.ts";
import { DEFAULT_PAGE_SIZE } from "../../contract/limits.ts";
import { notFound, requireOwned, requireVisible } from "../auth/access.ts";
import { ValidationError } from "../http/validation.ts";
import type { ServiceParts } from "../parts.ts";
import type { Call, Handlers } from "./route.ts";
import { functionUsage } from "./function_usage.ts";
import { functionRecord, functionSummary, pageOf } from "./shapes.ts";

export function functionHandlers(
  { store, now }: ServiceParts,
): Pick<
  Handlers,
  | "registerFunction"
  | "registerFunctionV2"
  | "listFunctions"
  | "functionUsage"
  | "getFunction"
  | "deleteFunction"
> {
  const register = async (
    { caller, body }: Pick<Call<"registerFunction">, "caller" | "body">,
  ): Promise<Answer<"registerFunction">> => {
    refuseGroup(body);
    refuseContainerId(body);
    refuseHighAssurance(body);
    const functionId = newId();
    const code = codeOf(body);
    await store.functions.create({
      functionId,
      name: body.function_name,
      description: body.description ?? null,
      metadata: body.meta ?? null,
      parameters: body.parameters ?? null,
      owner: caller.user,
      public: body.public ?? false,
      runtime: runtimeOfCode(code),
      createdAt: now(),
      code,
    });
    return { function_uuid: functionId };
  };
  return {
    registerFunction: register,
    registerFunctionV2: register,

    listFunctions: async ({ caller, query }) => {
      const { limit = DEFAULT_PAGE_SIZE, ...rest } = query;
      const page = await store.functions.list({ ...rest, limit, viewer: caller.user });
      return pageOf(page, functionSummary);
    },

    functionUsage: async ({ caller, parameters: { function_id } }) => {
      const [found] = await store.functions.summaries([function_id]);
      requireVisible("function", function_id, found, caller.user);
      return await functionUsage(store, caller.user, function_id);
    },

    getFunction: async ({ caller, parameters: { function_id } }) => {
      const found = await store.functions.get(function_id);
      return functionRecord(requireVisible("function", function_id, found, caller.user));
    },

    deleteFunction: async ({ caller, parameters: { function_id } }) => {
      const [found] = await store.functions.summaries([function_id]);
      requireOwned("function", function_id, found, caller.user);
      if (!await store.functions.delete(function_id)) throw notFound("function", function_id);
      return { result: 302 };
    },
  };
}

/** Taking a group silently would leave its members without what they were promised. */
function refuseGroup({ group }: RegisterFunction): void {
  if (group === null || group === undefined) return;
  throw new ValidationError({
    key: "group",
    expected: "no group, since this service has none; use public to share",
    found: JSON.stringify(group),
  });
}

/** It would run outside of the container that it was meant for. */
function refuseContainerId({ container_uuid }: RegisterFunction): void {
  if (container_uuid === null || container_uuid === undefined) return;
  throw new ValidationError({
    key: "container_uuid",
    expected: "no id, since this service keeps no containers; name an image: " +
      "`function register --container IMAGE`",
    found: JSON.stringify(container_uuid),
  });
}

/** It would run on any endpoint, without what was asked for. */
function refuseHighAssurance({ ha_endpoint_id }: RegisterFunction): void {
  if (ha_endpoint_id === null || ha_endpoint_id === undefined) return;
  throw new ValidationError({
    key: "ha_endpoint_id",
    expected: "no id, since this service has no endpoints of high assurance",
    found: JSON.stringify(ha_endpoint_id),
  });
}

const PYTHON_NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** Packed; the source that `register_source_code` of the official SDK sends is packed here. */
function codeOf(
  { function_name: name, function_code: code, serialized }: RegisterFunction,
): string {
  if (serialized !== false) return code;
  if (PYTHON_NAME.test(name)) return sourceFunction(HEADERS.pythonSource, name, code);
  throw new ValidationError({
    key: "function_name",
    expected: "the name of a function of the source",
    found: JSON.stringify(name),
  });
}

/** From the header of the code: besides a container's image the only part that the service reads. */
function runtimeOfCode(code: string): string {
  try {
    const buffers = functionBuffers(code);
    const problem = buffers.image === null ? null : imageProblem(buffers.image);
    if (problem !== null) throw new EnvelopeError(`its container's image ${problem}`);
    return runtimeOf(readBuffer(buffers.code).header);
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError)) throw thrown;
    throw new ValidationError({
      key: "function_code",
      expected: "one packed buffer, length + newline + header + newline + body",
      found: `something else (${thrown.message})`,
    });
  }
}
