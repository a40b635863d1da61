/**
 * Evaluates one profile, inside a Web Worker that may read the profile's folder and nothing else.
 * The other end is `sandbox.ts`, which starts the worker, bounds its time and ends it.
 */
import { refuseForeignImports } from "../lib/import_guard.ts";
import { messageOf } from "../lib/outcome.ts";
import { plainCopy } from "./plain_data.ts";
import type { ProfileProblem } from "./problems.ts";
import type { Site } from "./profile.d.ts";
import type { FromSandbox, ThrownError, ToSandbox } from "./sandbox_messages.ts";

interface ProfileModule {
  readonly default?: unknown;
  readonly env?: unknown;
}

/** TypeScript knows the window's `postMessage` only. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<ToSandbox>) => void;
  postMessage(message: FromSandbox): void;
};
const post = scope.postMessage.bind(scope);

let module: ProfileModule = {};
/** Names of the variables that the profile lists. */
let listed: readonly string[] = [];

async function receive(message: ToSandbox): Promise<void> {
  try {
    post(message.kind === "load" ? await load(message.url) : describeValue(message.site));
  } catch (thrown) {
    post({ kind: "thrown", error: describeThrown(thrown) });
  }
}

async function load(url: string): Promise<FromSandbox> {
  module = await import(url);
  const { env = [] } = module;
  if (Array.isArray(env) && env.every((name) => typeof name === "string")) {
    listed = env;
    return { kind: "loaded", env };
  }
  return unfit({
    key: "export const env",
    found: Array.isArray(env) ? "an array of other values" : `a value of type ${typeof env}`,
    expected: "an array of names of environment variables",
    mend: 'Write it as `export const env = ["PARTITION"];`.',
  });
}

function describeValue(site: Site): FromSandbox {
  if (module.default === undefined) {
    return unfit({
      key: "",
      found: "no default export",
      expected: "an object, or a function of the site that makes one",
      mend: "Write `export default { … };`.",
    });
  }
  const unlisted = new Set<string>();
  const copied = plainCopy(
    typeof module.default === "function"
      ? module.default({ ...site, env: recordingEnv(site.env, unlisted) })
      : module.default,
  );
  if ("problems" in copied) return unfit(...copied.problems);
  return { kind: "value", value: copied.value, unlisted: [...unlisted] };
}

function unfit(...problems: ProfileProblem[]): FromSandbox {
  return { kind: "unfit", problems };
}

/** Undefined for what is not listed, and remembers that it was asked for. */
function recordingEnv(env: Site["env"], unlisted: Set<string>): Site["env"] {
  return new Proxy(env, {
    get: (values, name): string | undefined => {
      if (typeof name !== "string") return undefined;
      if (!listed.includes(name)) unlisted.add(name);
      return Object.hasOwn(values, name) ? values[name] : undefined;
    },
  });
}

/** Whatever was thrown may be of any type, and may throw when it is looked at. */
function describeThrown(thrown: unknown): ThrownError {
  try {
    return thrown instanceof Error
      ? { name: thrown.name, message: thrown.message, stack: thrown.stack ?? "" }
      : { name: "", message: messageOf(thrown), stack: "" };
  } catch {
    return { name: "", message: "something that cannot be shown", stack: "" };
  }
}

refuseForeignImports();
// The profile neither speaks in this module's name nor ends the worker under it.
for (const name of ["postMessage", "close"]) Reflect.deleteProperty(globalThis, name);
Reflect.deleteProperty(Deno, "exit");
// Standard output belongs to the command's own result.
console.log = console.info = console.debug = console.error;
addEventListener("error", (event) => {
  event.preventDefault();
  post({ kind: "thrown", error: describeThrown(event.error) });
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  post({ kind: "thrown", error: describeThrown(event.reason) });
});
scope.onmessage = ({ data }) => void receive(data);
post({ kind: "ready" });
