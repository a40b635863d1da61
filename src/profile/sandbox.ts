/**
 * Evaluates a profile in a Web Worker that may read the profile's folder and nothing else. What it
 * gives is plain data, not yet checked against the schema.
 */
import { PROFILE_TIMEOUT, REQUEST_TIMEOUT } from "../contract/limits.ts";
import { fatal, ok, type Outcome } from "../lib/outcome.ts";
import { basename, dirname, resolve, toFileUrl } from "../lib/path.ts";
import { moduleUrl } from "../lib/program.ts";
import { failureOf, type ProfileFailure } from "./failure.ts";
import { failureOfThrown, type ProfileFile } from "./refusal.ts";
import type { FromSandbox, ToSandbox } from "./sandbox_messages.ts";
import type { SiteFacts } from "./site.ts";

export interface Evaluation {
  /** Plain data. */
  readonly value: unknown;
  /** Variables that the profile asked `site.env` for and does not list. */
  readonly unlistedEnv: readonly string[];
}

export interface EvaluateOptions {
  /** Path of `config.ts`. */
  readonly file: string;
  readonly site: SiteFacts;
  readonly env: (name: string) => string | undefined;
  /** Milliseconds for the profile's own code. */
  readonly timeout?: number;
}

/** Never throws for what the profile does. Takes about 50 ms. */
export async function evaluateProfile(
  options: EvaluateOptions,
): Promise<Outcome<Evaluation, ProfileFailure>> {
  const file = resolve(options.file);
  const profile = { file, folder: dirname(file) };
  const worker = startWorker(profile.folder);
  try {
    return outcomeOf(profile, await converse(worker, file, options));
  } finally {
    worker.terminate();
  }
}

function startWorker(folder: string): Worker {
  const permissions: Deno.PermissionOptionsObject = {
    // Under its real name too, since the home folder is often reached through a link.
    read: [folder, Deno.realPathSync(folder)],
    write: false,
    net: false,
    env: false,
    run: false,
    sys: false,
    ffi: false,
    import: false,
  };
  // The browser's type of the options, which is in force here, does not know Deno's own.
  const options = { type: "module", name: "profile", deno: { permissions } } as WorkerOptions;
  return new Worker(moduleUrl("src/profile/sandbox_entry.ts"), options);
}

type Ending =
  | Exclude<FromSandbox, { kind: "ready" | "loaded" }>
  | { readonly kind: "timeout"; readonly milliseconds: number }
  | { readonly kind: "broken"; readonly message: string };

function converse(worker: Worker, file: string, options: EvaluateOptions): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const send = (message: ToSandbox): void => worker.postMessage(message);
  const endAfter = (milliseconds: number): ReturnType<typeof setTimeout> =>
    setTimeout(() => resolve({ kind: "timeout", milliseconds }), milliseconds);
  // The profile's own time begins when the worker is up, however busy the machine is.
  let timer = endAfter(REQUEST_TIMEOUT);
  worker.onmessage = ({ data }: MessageEvent<FromSandbox>): void => {
    switch (data.kind) {
      case "ready":
        clearTimeout(timer);
        timer = endAfter(options.timeout ?? PROFILE_TIMEOUT);
        send({ kind: "load", url: toFileUrl(file).href });
        break;
      case "loaded":
        send({ kind: "call", site: { ...options.site, env: listedEnv(data.env, options.env) } });
        break;
      default:
        resolve(data);
    }
  };
  worker.onerror = (event): void => {
    event.preventDefault();
    resolve({ kind: "broken", message: event.message });
  };
  return promise.finally(() => clearTimeout(timer));
}

function listedEnv(
  names: readonly string[],
  env: (name: string) => string | undefined,
): Record<string, string> {
  const listed: Record<string, string> = {};
  for (const name of names) {
    const value = env(name);
    if (value !== undefined) listed[name] = value;
  }
  return listed;
}

function outcomeOf(profile: ProfileFile, ending: Ending): Outcome<Evaluation, ProfileFailure> {
  switch (ending.kind) {
    case "value":
      return ok({ value: ending.value, unlistedEnv: ending.unlisted });
    case "unfit":
      return fatal(failureOf(profile.file, basename(profile.folder), ending.problems));
    case "thrown":
      return fatal(failureOfThrown(profile, ending.error));
    case "timeout":
      return fatal({
        code: "PROFILE_TIMEOUT",
        message: `${profile.file} was not evaluated within ${ending.milliseconds / 1_000} s`,
        hint: "Look for a loop without an end, or an `await` of something that never comes.",
        problems: [],
      });
    case "broken":
      return fatal({
        code: "PROFILE_INVALID",
        message: `${profile.file} ended its evaluation: ${ending.message}`,
        hint: "Remove what ends it; a profile only describes the endpoint.",
        problems: [],
      });
  }
}
