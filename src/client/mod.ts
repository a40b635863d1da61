/**
 * Running functions on funcX endpoints from TypeScript and JavaScript: in Deno 2, Node 22 and
 * browsers, by web standards alone.
 *
 * ```ts
 * import { Client, Executor, python } from "./mod.ts";
 *
 * const client = new Client({ url: "http://localhost:5000", token });
 * await using executor = new Executor(client, endpointId);
 * const total = await executor.submit(python("def add(a, b): return a + b"), 1, 2);
 * ```
 */
export { Client, type ClientOptions, type RegisterOptions, type ResultBatch } from "./client.ts";
export { Blobs, FileArgument } from "./blobs.ts";
export type { BlobSource, OnProgress } from "../contract/blob_transfer.ts";
export type { CallInput, CallOptions } from "./call.ts";
export { TaskFailed } from "./errors.ts";
export { type CallArguments, Executor, type ExecutorOptions, type MapOptions } from "./executor.ts";
export {
  type FunctionHandle,
  type FunctionSource,
  inContainer,
  python,
  type Runtime,
  shell,
  type ShellResult,
  sourceOf,
  type TaskFunction,
  typescript,
} from "./functions.ts";
export { type ParameterSchema, type Signature, signatureOf } from "./signature/signature.ts";
export type { RemoteFunction } from "./function_registry.ts";
export { payloadOf } from "./payload.ts";
export { resultOf, type TaskFuture } from "./pending_task.ts";
export {
  functionFromSource,
  parseSourceReference,
  type SourceReference,
  type SourceText,
} from "./source_file.ts";
export { type ErrorCode, FuncxError, type TaskError } from "../contract/errors.ts";
export type {
  Answer,
  Body,
  EndpointRecord,
  FinishedTask,
  FollowEvent,
  FunctionRecord,
  FunctionSummary,
  Query,
  RouteName,
  TaskDetail,
  TaskStatus,
  TaskSummary,
} from "../contract/api.ts";
export type { TaskEvent, TaskState } from "../contract/task_state.ts";
