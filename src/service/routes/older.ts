/** What earlier versions of the official SDK ask for, answered by what there is today. */
import { type Answer, isGlobusAgent } from "../../contract/api.ts";
import type { SubmitV2, SubmitV2Answer } from "../../contract/api_older.ts";
import { FuncxError } from "../../contract/errors.ts";
import { type EndpointId, type FunctionId, newId } from "../../contract/ids.ts";
import { MAX_TASKS_PER_SUBMIT } from "../../contract/limits.ts";
import { notFound, requireOwned } from "../auth/access.ts";
import type { Caller } from "../auth/caller.ts";
import { valueResponse } from "../http/answers.ts";
import { answerType } from "../http/media_type.ts";
import { ValidationError } from "../http/validation.ts";
import type { ServiceParts } from "../parts.ts";

import type { StoredEndpoint, SubmitReceipt } from "../store/store.ts";
import { stats } from "./general.ts";
import type { Handlers } from "./route.ts";
import { batchesOf, optionsOf, submitTasks } from "./submit.ts";

type OlderRoutes =
  | "submitV2"
  | "authenticate"
  | "statsV2"
  | "taskGroupAccess"
  | "whitelist"
  | "addToWhitelist"
  | "removeFromWhitelist"
  | "registerContainer"
  | "listContainers"
  | "buildContainer"
  | "containerBuild"
  | "getContainer";

type Submitted = SubmitV2Answer["results"][number];

export function olderHandlers(parts: ServiceParts): Pick<Handlers, OlderRoutes> {
  const { store, hub } = parts;

  const ownedBy = async (caller: Caller, endpointId: EndpointId): Promise<StoredEndpoint> =>
    requireOwned("endpoint", endpointId, await store.endpoints.get(endpointId), caller.user);
  const change = async (
    caller: Caller,
    endpointId: EndpointId,
    changed: (allowed: readonly FunctionId[]) => readonly FunctionId[] | FuncxError,
  ): Promise<Answer<"addToWhitelist">> => {
    const { metadata, allowedFunctions } = await ownedBy(caller, endpointId);
    let before: readonly FunctionId[] = [];
    const allowed = await store.endpoints.changeAllowedFunctions(
      endpointId,
      (known) => changed(before = known),
    );
    if (allowed === undefined) throw notFound("endpoint", endpointId);
    // An agent keeps to the list of its welcome; those of Globus Compute leave it to the service.
    const isChanged = allowedFunctions === null || allowed.length !== before.length;
    if (isChanged && !isGlobusAgent(metadata)) {
      hub.reconnect(endpointId, "the functions that it may run have changed");
    }
    const reason = `endpoint ${endpointId} runs ${allowed.length} functions and no others, ` +
      "until it registers again with its profile's";
    return { status: "Success", reason };
  };

  return {
    submitV2: async ({ caller, body, bytes, request }) => {
      const answer = await submitToEach(parts, caller, body, bytes.length);
      const isPartly = answer.results.some(({ status }) => status === "Failed");
      return valueResponse(answer, answerType(request.headers), isPartly ? 207 : 200);
    },

    authenticate: ({ caller }) => ({
      user: caller.user,
      token_id: caller.tokenId,
      scopes: [...caller.scopes],
    }),

    statsV2: async ({ caller }) => {
      const { total_function_invocations } = await stats(parts, caller.user);
      return { total_function_invocations };
    },

    taskGroupAccess: async ({ caller, parameters: { task_group_id } }) => ({
      authorized: await store.tasks.groupOwner(task_group_id) === caller.user,
    }),

    whitelist: async ({ caller, parameters: { endpoint_id } }) => ({
      status: "Success",
      functions: [...(await ownedBy(caller, endpoint_id)).allowedFunctions ?? []],
    }),

    addToWhitelist: ({ caller, body: { func }, parameters: { endpoint_id } }) => {
      const added = [func].flat().map((id) => id.toLowerCase());
      return change(caller, endpoint_id, (allowed) => [...new Set([...allowed, ...added])]);
    },

    removeFromWhitelist: ({ caller, parameters: { endpoint_id, function_id } }) =>
      change(
        caller,
        endpoint_id,
        (allowed) =>
          allowed.includes(function_id)
            ? allowed.filter((id) => id !== function_id)
            : notFound("function", function_id),
      ),

    registerContainer: refuseContainers,
    listContainers: refuseContainers,
    buildContainer: refuseContainers,
    containerBuild: refuseContainers,
    getContainer: refuseContainers,
  };
}

function refuseContainers(): never {
  throw new FuncxError({
    code: "CONTAINERS_NOT_KEPT",
    message: "this service keeps no containers: each function names the image that it runs in",
    hint: "Register it with: funcx-endpoint function register FILE --container IMAGE; " +
      "the id that it gets is one for the SDK too.",
  });
}

/** Where in a request the tasks of one endpoint are, by function. */
type Places = Map<FunctionId, number[]>;

/**
 * Each endpoint's tasks are stored together or not at all. Throws the refusal of the first endpoint
 * when all refuse.
 */
async function submitToEach(
  parts: ServiceParts,
  caller: Caller,
  body: SubmitV2,
  bytes: number,
): Promise<SubmitV2Answer> {
  requireCount(body.tasks.length);
  // Refused before anything is submitted.
  optionsOf(body);
  const outcome = new SubmitOutcome(body);
  for (const [endpointId, places] of placesOf(body)) {
    try {
      const receipt = await submitTasks(parts, {
        owner: caller.user,
        endpointId,
        taskGroupId: outcome.taskGroupId,
        tasks: batchesOf({ tasks: payloadsAt(places, body) }),
        options: (endpoint) => optionsOf(body, endpoint),
        at: parts.now(),
        bytes,
      });
      outcome.submitted(endpointId, places, receipt);
    } catch (thrown) {
      if (!(thrown instanceof FuncxError)) throw thrown;
      outcome.refused(endpointId, places, thrown);
    }
  }
  return outcome.answer();
}

/** Gathers what became of each task, in the order of the request. */
class SubmitOutcome {
  readonly #results: Submitted[];
  #taskGroupId: string | null;
  #isAnySubmitted = false;
  #firstRefusal: FuncxError | undefined;

  constructor(body: SubmitV2) {
    this.#results = new Array(body.tasks.length);
    this.#taskGroupId = body.task_group_id?.toLowerCase() ?? null;
  }

  /** Of the request, else that of the first tasks that were stored. */
  get taskGroupId(): string | null {
    return this.#taskGroupId;
  }

  submitted(endpointId: EndpointId, places: Places, receipt: SubmitReceipt): void {
    this.#taskGroupId = receipt.taskGroupId;
    this.#isAnySubmitted = true;
    for (const { functionId, taskIds } of receipt.tasks) {
      const indices = places.get(functionId) ?? [];
      taskIds.forEach((taskId, nth) => {
        this.#results[indices[nth]!] = {
          status: "Success",
          task_uuid: taskId,
          endpoint_uuid: endpointId,
          http_status_code: 200,
        };
      });
    }
  }

  refused(endpointId: EndpointId, places: Places, error: FuncxError): void {
    this.#firstRefusal ??= error;
    for (const index of [...places.values()].flat()) {
      this.#results[index] = {
        status: "Failed",
        task_uuid: newId(),
        endpoint_uuid: endpointId,
        http_status_code: error.kind.status,
        code: error.code,
        reason: error.message,
        error_args: [],
      };
    }
  }

  answer(): SubmitV2Answer {
    const { taskGroupId } = this;
    if (this.#isAnySubmitted && taskGroupId !== null) {
      return { response: "batch", task_group_id: taskGroupId, results: this.#results };
    }
    throw this.#firstRefusal ?? new Error("no endpoint was asked");
  }
}

function payloadsAt(places: Places, { tasks }: SubmitV2): Record<FunctionId, string[]> {
  return Object.fromEntries(
    [...places].map(([functionId, indices]) => [functionId, indices.map((at) => tasks[at]![2])]),
  );
}

function placesOf({ tasks }: SubmitV2): Map<EndpointId, Places> {
  const all = new Map<EndpointId, Places>();
  for (const [index, [functionId, endpointId]] of tasks.entries()) {
    const places = valueAt(all, endpointId.toLowerCase(), () => new Map());
    valueAt(places, functionId.toLowerCase(), (): number[] => []).push(index);
  }
  return all;
}

function valueAt<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function requireCount(count: number): void {
  if (count === 0) {
    throw new ValidationError({ key: "tasks", expected: "at least one task", found: "none" });
  }
  if (count <= MAX_TASKS_PER_SUBMIT) return;
  throw new FuncxError({
    code: "BATCH_RUN_TOO_LARGE",
    message: `the request has ${count} tasks, at most ${MAX_TASKS_PER_SUBMIT} are taken`,
    hint: "submit them in several requests",
  });
}
