/**
 * What the schedulers that take shell scripts have in common. Each of them is a dialect: pure
 * functions that say which directives and commands there are and read what those print.
 */
import { FuncxError } from "../../contract/errors.ts";
import { fatal, ok, type Outcome, retryable } from "../../lib/outcome.ts";
import type { BlockProvider } from "../../profile/resolved_provider.ts";
import {
  type BlockRequest,
  GONE,
  type JobState,
  type JobStates,
  type Provider,
  type SchedulerOutcome,
} from "./provider.ts";
import { keepScript } from "./kept_script.ts";
import {
  type CommandOutput,
  refused,
  type RunCommand,
  type SchedulerCommand,
  unavailable,
} from "./scheduler_command.ts";

export interface Dialect {
  readonly type: BlockProvider["type"];
  readonly script: (request: BlockRequest) => string;
  /** @param file the script, absolute */
  readonly submit: (file: string, request: BlockRequest) => SchedulerCommand;
  /** From what `submit` printed; undefined when there is none in it. */
  readonly jobId: (stdout: string) => string | undefined;
  readonly status: (jobIds: readonly string[]) => SchedulerCommand;
  /**
   * By id; a job that it does not name is taken for one that has ended. Undefined for what cannot be
   * understood.
   */
  readonly states: (stdout: string) => JobStates | undefined;
  /** Where jobs are looked up that `status` did not name. */
  readonly history?: (jobIds: readonly string[]) => SchedulerCommand;
  readonly endings?: (stdout: string) => JobStates | undefined;
  readonly cancel: (jobIds: readonly string[]) => SchedulerCommand;
}

export function batchProvider(dialect: Dialect, run: RunCommand): Provider {
  return {
    type: dialect.type,
    script: dialect.script,
    submit: (request) => submit(dialect, run, request),
    status: (jobIds) => status(dialect, run, jobIds),
    cancel: async (jobIds) => {
      if (jobIds.length === 0) return ok(null);
      return answered(await run(dialect.cancel(jobIds)), () => null);
    },
  };
}

async function submit(
  dialect: Dialect,
  run: RunCommand,
  request: BlockRequest,
): Promise<SchedulerOutcome<string>> {
  const script = scriptOf(dialect, request);
  if (script.kind !== "ok") return script;
  const kept = keepScript(request, script.value);
  if (kept.kind !== "ok") return kept;
  const command = dialect.submit(kept.value, request);
  const answer = await run(command);
  if (answer.kind !== "ok") return answer;
  const jobId = dialect.jobId(answer.value.stdout);
  if (jobId !== undefined) return ok(jobId);
  const said = `no job id in its answer: ${answer.value.stdout || answer.value.stderr}`;
  return fatal(refused(command.argv[0], said, true));
}

/** A path that the scheduler has no way to write is told as its refusal. */
function scriptOf(dialect: Dialect, request: BlockRequest): SchedulerOutcome<string> {
  try {
    return ok(dialect.script(request));
  } catch (thrown) {
    if (!(thrown instanceof FuncxError)) throw thrown;
    const { message, hint } = thrown;
    return fatal({ ...refused(dialect.type, message), hint });
  }
}

async function status(
  dialect: Dialect,
  run: RunCommand,
  jobIds: readonly string[],
): Promise<SchedulerOutcome<JobStates>> {
  if (jobIds.length === 0) return ok(new Map());
  const command = dialect.status(jobIds);
  const answer = await run(command);
  if (answer.kind !== "ok") return answer;
  const known = dialect.states(answer.value.stdout);
  if (known === undefined) return unreadable(command, answer.value);
  const absent = jobIds.filter((id) => !known.has(id));
  const found = absent.length === 0 ? known : await endingsOf(dialect, run, absent);
  const state = (id: string): JobState => known.get(id) ?? found.get(id) ?? GONE;
  return ok(new Map(jobIds.map((id) => [id, state(id)])));
}

/** A history that is turned off or does not answer leaves it at that the job is gone. */
async function endingsOf(
  { history, endings }: Dialect,
  run: RunCommand,
  jobIds: readonly string[],
): Promise<JobStates> {
  if (history === undefined || endings === undefined) return new Map();
  const answer = await run(history(jobIds));
  return (answer.kind === "ok" ? endings(answer.value.stdout) : undefined) ?? new Map();
}

/** An answer that says nothing: the scheduler is asked again. */
export function unreadable(
  { argv }: SchedulerCommand,
  { stdout, stderr }: CommandOutput,
): SchedulerOutcome<never> {
  return retryable(unavailable(argv[0], `it cannot be read: ${stdout || stderr}`, false));
}

export function answered<T, U, F>(outcome: Outcome<T, F>, use: (value: T) => U): Outcome<U, F> {
  return outcome.kind === "ok" ? ok(use(outcome.value)) : outcome;
}
