/** What is wrong with a provider whose keys are right one by one. */
import { MIN_POLL_INTERVAL } from "../contract/limits.ts";
import type { RawProfile } from "./schema.ts";
import type { RawProvider } from "./provider_schema.ts";
import { walltimeSeconds } from "./schema_pieces.ts";

/** A problem of one key under `executor.provider`. */
export interface Conflict {
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  readonly mend: string;
}

export function conflictsOf({ executor }: RawProfile): Conflict[] {
  const provider = executor?.provider;
  if (provider === undefined || provider.type === "local") return [];
  return [
    ...blockConflicts(provider),
    ...pollConflicts(provider),
    ...limitConflicts(provider),
    ...exec(provider),
  ];
}

type RawBlocks = Exclude<RawProvider, { readonly type: "local" }>;

/** Invariant of the scaler: neither the first blocks nor those that are kept are above the most. */
function blockConflicts({ initBlocks = 0, minBlocks = 0, maxBlocks }: RawBlocks): Conflict[] {
  if (maxBlocks === undefined) return [];
  return Object.entries({ initBlocks, minBlocks })
    .filter(([, count]) => count > maxBlocks)
    .map(([key, count]) => ({
      key,
      found: String(count),
      expected: `at most maxBlocks, which is ${maxBlocks}`,
      mend: `Lower ${key}, or raise maxBlocks.`,
    }));
}

/** A scheduler is shared by all who use the site. */
function pollConflicts({ pollInterval }: RawBlocks): Conflict[] {
  const least = MIN_POLL_INTERVAL / 1_000;
  if (pollInterval === undefined || walltimeSeconds(pollInterval) >= least) return [];
  return [{
    key: "pollInterval",
    found: JSON.stringify(pollInterval),
    expected: `at least ${least} s`,
    mend: "Leave it out for 20 seconds.",
  }];
}

function limitConflicts(provider: RawBlocks): Conflict[] {
  if (provider.type === "sge") {
    const { nodesPerBlock = 1, coresPerNode = 1, parallelEnvironment } = provider;
    if (nodesPerBlock * coresPerNode === 1 || parallelEnvironment !== undefined) return [];
    return [{
      key: "parallelEnvironment",
      found: "nothing",
      expected: "the name of a parallel environment for more than one core",
      mend: "Take one from `qconf -spl`.",
    }];
  }
  if (provider.type !== "kubernetes") return [];
  const { coresPerNode = 0, coresLimit = Infinity } = provider;
  if (coresPerNode <= coresLimit) return [];
  return [{
    key: "coresLimit",
    found: String(coresLimit),
    expected: `at least coresPerNode, which is ${coresPerNode}`,
    mend: "Raise coresLimit, or lower coresPerNode.",
  }];
}

/** What each command of `exec` may ask for; see `profile.d.ts`. */
export const PLACEHOLDERS = {
  submit: ["script", "name", "folder", "output", "nodes", "walltime"],
  status: ["jobs"],
  cancel: ["jobs"],
} as const;

function exec(provider: RawBlocks): Conflict[] {
  if (provider.type !== "exec") return [];
  return [...nodeListConflicts(provider), ...commandConflicts(provider)];
}

type RawExec = Extract<RawProvider, { readonly type: "exec" }>;

/** Only schedulers that are known say how a job finds its nodes. */
function nodeListConflicts({ launcher }: RawExec): Conflict[] {
  if (launcher?.type !== "ssh") return [];
  return [{
    key: "launcher.type",
    found: '"ssh"',
    expected: 'another launcher than "ssh" for "exec", which does not know the nodes of a job',
    mend: 'Write { type: "wrapped", command: … } with what starts a program on each node.',
  }];
}

function commandConflicts(provider: RawExec): Conflict[] {
  return (["submit", "status", "cancel"] as const).flatMap((key) => {
    const command = provider[key];
    const known: readonly string[] = PLACEHOLDERS[key];
    const unknown = command.flatMap((word) => [...word.matchAll(/\{(\w*)\}/g)])
      .find(([, name]) => !known.includes(name));
    const needed = `{${known[0]}}`;
    const isMissing = !command.some((word) =>
      key === "submit" ? word.includes(needed) : word === needed
    );
    if (unknown === undefined && !isMissing) return [];
    return [{
      key,
      found: unknown?.[0] ?? JSON.stringify(command),
      expected: unknown === undefined
        ? `${needed}${key === "submit" ? "" : " as a word of its own"}`
        : `one of ${known.map((name) => `{${name}}`).join(", ")}`,
      mend: unknown === undefined
        ? `Put ${needed} where the command takes it.`
        : "Write the placeholder as it is called here, or without braces.",
    }];
  });
}
