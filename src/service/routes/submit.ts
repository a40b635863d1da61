/** Submitting tasks. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { IDEMPOTENCY_HEADER, type Submit } from "../../contract/api.ts";
import { type BlobReference, payloadReferences } from "../../contract/blob_reference.ts";
import { EnvelopeError } from "../../contract/envelope.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId, FunctionId, UserId } from "../../contract/ids.ts";
import {
  MAX_IDEMPOTENCY_KEY_LENGTH,
  MAX_PAYLOAD_BYTES,
  MAX_SUBMIT_BYTES,
  MAX_TASK_OPTIONS_BYTES,
  MAX_TASK_OPTIONS_DEPTH,
  MAX_TASKS_PER_SUBMIT,
  STORE_DISK_RESERVE,
} from "../../contract/limits.ts";
import { type TaskOptions, TaskOptionsSchema } from "../../contract/protocol/messages.ts";
import type { DiskRoom } from "../../lib/free_space.ts";
import { requireVisible } from "../auth/access.ts";
import { nestsDeeperThan } from "../http/json_text.ts";
import { validate, ValidationError } from "../http/validation.ts";
import type { ServiceParts } from "../parts.ts";
import type { Store, StoredEndpoint, SubmitRequest } from "../store/store.ts";
import type { Call, Handlers } from "./route.ts";
import { withoutNulls } from "./shapes.ts";

type Batches = SubmitRequest["tasks"];

/** A task in the store besides its arguments, with its result's row and both indexes. */
const TASK_DISK_BYTES = 1_000;

export function submitHandlers({ store, hub, disk, now }: ServiceParts): Pick<Handlers, "submit"> {
  return {
    submit: async (call) => {
      const { caller, body, parameters: { endpoint_id } } = call;
      const at = now();
      const batches = batchesOf(body);
      const endpoint = await store.endpoints.get(endpoint_id);
      requirePermitted(requireVisible("endpoint", endpoint_id, endpoint, caller.user), batches);
      await requireFunctions(store, batches, caller.user);
      const references = referencesIn(batches);
      const count = countOf(batches);
      requireRoom(disk, call.bytes.length, count);
      const reservation = hub.reserve(endpoint_id, count);
      const receipt = await store.tasks.submit({
        owner: caller.user,
        endpointId: endpoint_id,
        taskGroupId: body.task_group_id?.toLowerCase() ?? null,
        tasks: batches,
        ...(references.size === 0 ? {} : { references }),
        options: optionsOf(body),
        state: reservation.state,
        at,
        idempotency: idempotencyOf(call),
        queued: (first) => reservation.settle({ first, count }),
      }).finally(() => reservation.settle(undefined));
      return {
        request_id: receipt.requestId,
        task_group_id: receipt.taskGroupId,
        endpoint_id,
        tasks: answeredIds(body, receipt.tasks.map(({ taskIds }) => [...taskIds])),
      };
    },
  };
}

function batchesOf(body: Submit): Batches {
  const batches = Object.entries(body.tasks)
    .map(([functionId, payloads]) => ({ functionId: functionId.toLowerCase(), payloads }));
  const count = countOf(batches);
  if (count === 0) {
    throw new ValidationError({ key: "tasks", expected: "at least one task", found: "none" });
  }
  if (count > MAX_TASKS_PER_SUBMIT) {
    throw new FuncxError({
      code: "BATCH_RUN_TOO_LARGE",
      message: `the request has ${count} tasks, at most ${MAX_TASKS_PER_SUBMIT} are taken`,
      hint: "submit them in several requests",
    });
  }
  requireSizes(batches);
  return batches;
}

function countOf(batches: Batches): number {
  return batches.reduce((total, { payloads }) => total + payloads.length, 0);
}

function requireSizes(batches: Batches): void {
  let total = 0;
  for (const { payloads } of batches) {
    for (const [index, payload] of payloads.entries()) {
      const bytes = Buffer.byteLength(payload);
      total += bytes;
      if (bytes <= MAX_PAYLOAD_BYTES) continue;
      throw new FuncxError({
        code: "TASK_PAYLOAD_TOO_LARGE",
        message:
          `task ${index} has ${bytes} bytes of arguments, at most ${MAX_PAYLOAD_BYTES} are taken`,
        hint: "put large data where the endpoint can read it, and pass its name",
      });
    }
  }
  if (total <= MAX_SUBMIT_BYTES) return;
  throw new FuncxError({
    code: "BATCH_RUN_TOO_LARGE",
    message: `the tasks have ${total} bytes of arguments, at most ${MAX_SUBMIT_BYTES} are taken`,
    hint: "submit them in several requests",
  });
}

/** What the tasks refer to; their payloads are looked into no further. */
function referencesIn(batches: Batches): Map<number, readonly BlobReference[]> {
  const found = new Map<number, readonly BlobReference[]>();
  let index = 0;
  for (const payload of batches.flatMap(({ payloads }) => payloads)) {
    const references = referencesOf(payload, index);
    if (references.length > 0) found.set(index, references);
    index++;
  }
  return found;
}

function referencesOf(payload: string, index: number): readonly BlobReference[] {
  try {
    return payloadReferences(payload);
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError)) throw thrown;
    throw new ValidationError({
      key: `tasks: payload ${index}`,
      expected: "whole buffers with whole references",
      found: thrown.message,
    });
  }
}

/** Tasks whose endpoint never comes stay on disk; they must leave room for the results of others. */
function requireRoom(disk: DiskRoom, bytes: number, count: number): void {
  if (disk.takes(bytes + count * TASK_DISK_BYTES)) return;
  throw new FuncxError({
    code: "STORAGE_FULL",
    message:
      `the disk of the service's store has less than ${
        STORE_DISK_RESERVE / 1024 / 1024
      } MB free, ` +
      "so no more tasks are taken; those that it has go on",
    hint: "Free space on that disk, or cancel tasks that wait for endpoints which do not come.",
  });
}

function requirePermitted(endpoint: StoredEndpoint, batches: Batches): void {
  const { allowedFunctions, endpointId } = endpoint;
  if (allowedFunctions === null) return;
  const refused = batches.find(({ functionId }) => !allowedFunctions.includes(functionId));
  if (refused === undefined) return;
  throw new FuncxError({
    code: "FUNCTION_NOT_PERMITTED",
    message: `Function ${refused.functionId} not permitted on endpoint ${endpointId}`,
    hint: "ask the endpoint's owner to add it to allowedFunctions in its profile",
  });
}

async function requireFunctions(store: Store, batches: Batches, user: UserId): Promise<void> {
  const ids: FunctionId[] = batches.map(({ functionId }) => functionId);
  const found = new Map(
    (await store.functions.summaries(ids)).map((row) => [row.functionId, row]),
  );
  for (const id of ids) requireVisible("function", id, found.get(id), user);
}

/**
 * The options must pass every check of the forwarder protocol: a task that its endpoint has to refuse
 * would come back with each connection. `user_endpoint_config` and `user_runtime` are for multi-user
 * endpoints and have no effect here.
 */
function optionsOf(body: Submit): TaskOptions {
  const options: TaskOptions = withoutNulls({
    max_attempts: body.max_attempts,
    walltime_seconds: body.walltime_seconds,
    priority: body.priority,
    resource_specification: body.resource_specification,
    result_serializers: body.result_serializers,
  });
  requireSmall(JSON.stringify(options));
  return validate(TaskOptionsSchema, options, "body");
}

function requireSmall(options: string): void {
  const tooDeep = nestsDeeperThan(options, MAX_TASK_OPTIONS_DEPTH);
  if (options.length <= MAX_TASK_OPTIONS_BYTES && !tooDeep) return;
  throw new ValidationError({
    key: "resource_specification",
    expected: tooDeep
      ? `at most ${MAX_TASK_OPTIONS_DEPTH} levels`
      : `at most ${MAX_TASK_OPTIONS_BYTES} characters with the other options`,
    found: tooDeep ? "more" : `${options.length}`,
  });
}

/** The digest is of the body as it came: whoever repeats a request sends the same bytes. */
function idempotencyOf(
  { request, bytes, parameters }: Call<"submit">,
): SubmitRequest["idempotency"] {
  const key = request.headers.get(IDEMPOTENCY_HEADER);
  if (key === null) return undefined;
  if (key.length > MAX_IDEMPOTENCY_KEY_LENGTH || key === "") {
    throw new ValidationError({
      key: IDEMPOTENCY_HEADER,
      expected: `1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`,
      found: `${key.length}`,
    });
  }
  const endpointId: EndpointId = parameters.endpoint_id;
  return { key, digest: createHash("sha256").update(endpointId).update(bytes).digest() };
}

/** Under the ids as the caller wrote them, in his order. */
function answeredIds(body: Submit, ids: readonly string[][]): Record<string, string[]> {
  return Object.fromEntries(
    Object.keys(body.tasks).map((functionId, index) => [functionId, ids[index] ?? []]),
  );
}
