/** Submitting tasks. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import {
  IDEMPOTENCY_HEADER,
  isGlobusAgent,
  type Submit,
  type SubmitAnswer,
} from "../../contract/api.ts";
import { clientVersions } from "../../contract/client_versions.ts";
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
import type { Store, StoredEndpoint, SubmitReceipt, SubmitRequest } from "../store/store.ts";
import type { Call, Handlers } from "./route.ts";
import { withoutNulls } from "./shapes.ts";

type Batches = SubmitRequest["tasks"];

/** A task in the store besides its arguments, with its result's row and both indexes. */
const TASK_DISK_BYTES = 1_000;

export function submitHandlers(parts: ServiceParts): Pick<Handlers, "submit"> {
  return {
    submit: async (call) => {
      const { caller, body, parameters: { endpoint_id } } = call;
      const receipt = await submitTasks(parts, {
        owner: caller.user,
        endpointId: endpoint_id,
        taskGroupId: body.task_group_id?.toLowerCase() ?? null,
        tasks: batchesOf(body),
        options: (endpoint) => optionsOf(body, endpoint),
        at: parts.now(),
        bytes: call.bytes.length,
        idempotency: idempotencyOf(call, endpoint_id),
      });
      // It is opened when somebody reads it, too; a failure here loses nothing.
      if (body.create_queue) {
        await parts.amqp.publisher.open(caller.user, receipt.taskGroupId).catch(() => {});
      }
      const ids = receipt.tasks.map(({ taskIds }) => [...taskIds]);
      return { ...answerOf(receipt, endpoint_id), tasks: answeredIds(body, ids) };
    },
  };
}

/** Checks what the owner may do and what there is room for, and stores the tasks. */
export async function submitTasks(
  { store, hub, disk }: ServiceParts,
  { bytes, options, ...request }:
    & Omit<
      SubmitRequest,
      "options" | "references" | "state" | "queued"
    >
    & {
      readonly options: (endpoint: StoredEndpoint) => TaskOptions;
      /** What the arguments take, about. */
      readonly bytes: number;
    },
): Promise<SubmitReceipt> {
  const { owner, endpointId, tasks } = request;
  const found = await store.endpoints.get(endpointId);
  const endpoint = requireVisible("endpoint", endpointId, found, owner);
  requirePermitted(endpoint, tasks);
  const taskOptions = options(endpoint);
  await requireFunctions(store, tasks, owner);
  const references = referencesIn(tasks);
  const count = countOf(tasks);
  requireRoom(disk, bytes, count);
  const reservation = hub.reserve(endpointId, count);
  return await store.tasks.submit({
    ...request,
    options: taskOptions,
    ...(references.size === 0 ? {} : { references }),
    state: reservation.state,
    queued: (first) => reservation.settle({ first, count }),
  }).finally(() => reservation.settle(undefined));
}

export function answerOf(
  { requestId, taskGroupId }: SubmitReceipt,
  endpointId: EndpointId,
): Omit<SubmitAnswer, "tasks"> {
  return { request_id: requestId, task_group_id: taskGroupId, endpoint_id: endpointId };
}

export function batchesOf(body: Pick<Submit, "tasks">): Batches {
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
 * would come back with each connection. `user_endpoint_config` and `user_runtime` are for agents of
 * Globus Compute; of the latter, others get the versions.
 */
export function optionsOf(
  body: Omit<Submit, "tasks">,
  endpoint?: Pick<StoredEndpoint, "metadata">,
): TaskOptions {
  const options: TaskOptions = withoutNulls({
    max_attempts: body.max_attempts,
    walltime_seconds: body.walltime_seconds,
    priority: body.priority,
    resource_specification: body.resource_specification,
    result_serializers: body.result_serializers,
    ...(isGlobusAgent(endpoint?.metadata)
      ? { user_endpoint_config: body.user_endpoint_config, user_runtime: body.user_runtime }
      : { client: clientVersions(body.user_runtime) }),
  });
  requireSmall(JSON.stringify(options));
  return validate(TaskOptionsSchema, options, "body");
}

/** Those of an earlier submit, for an endpoint that may be of the other kind. */
export function optionsAgain(
  options: TaskOptions,
  { metadata }: Pick<StoredEndpoint, "metadata">,
): TaskOptions {
  if (isGlobusAgent(metadata)) return options;
  const { user_endpoint_config: _, user_runtime, ...rest } = options;
  return { ...rest, ...withoutNulls({ client: rest.client ?? clientVersions(user_runtime) }) };
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

/**
 * The digest is of the body as it came: whoever repeats a request sends the same bytes.
 *
 * @param id in the path of the request
 */
export function idempotencyOf(
  { request, bytes }: Pick<Call<"submit">, "request" | "bytes">,
  id: string,
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
  return { key, digest: createHash("sha256").update(id).update(bytes).digest() };
}

/** Under the ids as the caller wrote them, in his order. */
function answeredIds(body: Submit, ids: readonly string[][]): Record<string, string[]> {
  return Object.fromEntries(
    Object.keys(body.tasks).map((functionId, index) => [functionId, ids[index] ?? []]),
  );
}
