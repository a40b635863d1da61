/** From an old configuration to a profile, and all that there is to tell. Pure. */
import type { Profile } from "../profile.d.ts";
import {
  Draft,
  type Entry,
  follow,
  type MigrationNote,
  type MigrationSite,
  type Origin,
  type Rule,
  type Rules,
} from "./draft.ts";
import { defaultEngine, firstEngine, settleProvider, takeEngine } from "./engines.ts";
import { type OldMap, type OldValue, plainOf, shortened } from "./old_value.ts";

export interface Translation {
  /** Valid, but for placeholders. */
  readonly profile: Profile;
  readonly notes: readonly MigrationNote[];
  readonly origins: readonly Origin[];
}

const LINK: Rule = { unneeded: "The link to the service looks after itself." };
const ADMINISTRATOR: Rule = {
  none: "Each user starts an endpoint of their own here; the service decides who may use it.",
};
const LOGS: Rule = { none: "Logs stand in the endpoint's folder; stateDir moves it." };
const IDLE: Rule = {
  none:
    "An endpoint waits until it is stopped; its blocks end by maxIdleTime when there are no tasks.",
};

const TOP: Rules = {
  engine: { by: takeEngine },
  executors: { by: firstEngine },
  display_name: { to: "displayName" },
  allowed_functions: { by: takeAllowed },
  debug: { to: "logLevel", as: (value) => value === true ? "debug" : undefined },
  public: {
    by: (draft, entry) =>
      draft.note(
        "no-equivalent",
        entry,
        "It made the endpoint visible. A profile's `public` lets every user run functions as you: it is left false.",
      ),
  },
  retries: {
    to: "executor.maxAttempts",
    as: (value) => typeof value === "number" ? value + 1 : value,
  },
  strategy: { unneeded: "There are as many blocks as tasks need, from minBlocks to maxBlocks." },
  max_idletime: { to: "executor.provider.maxIdleTime" },
  working_dir: { unneeded: "The endpoint's folder is its working folder." },
  scaling_enabled: {
    unneeded: "There are as many blocks as tasks need, from minBlocks to maxBlocks.",
  },
  amqp_port: LINK,
  heartbeat_period: LINK,
  heartbeat_threshold: LINK,
  environment: { none: "Name the service's address as `service`, or with `start --service URL`." },
  local_compute_services: {
    none: "Name the service's address as `service`, or with `start --service URL`.",
  },
  funcx_service_address: {
    none: "Name the service's address as `service`, or with `start --service URL`.",
  },
  results_ack_period: LINK,
  detach_endpoint: {
    unneeded: "`start` detaches the endpoint, and `start --foreground` does not.",
  },
  idle_heartbeats_soft: IDLE,
  idle_heartbeats_hard: IDLE,
  endpoint_setup: {
    none: "Run it before `funcx-endpoint start`; what workers need goes into executor.workerInit.",
  },
  endpoint_teardown: { none: "Run it after `funcx-endpoint stop`." },
  log_dir: LOGS,
  stdout: LOGS,
  stderr: LOGS,
  paths: LOGS,
  multi_user: ADMINISTRATOR,
  high_assurance: ADMINISTRATOR,
  authentication_policy: ADMINISTRATOR,
  subscription_id: { unneeded: "There are no subscriptions." },
  identity_mapping_config_path: ADMINISTRATOR,
  pam: ADMINISTRATOR,
  admins: ADMINISTRATOR,
  audit_log_path: {
    none: "The service keeps who submitted what; `funcx-endpoint task list` shows it.",
  },
  mu_child_ep_grace_period_s: ADMINISTRATOR,
  force_mu_allow_same_user: ADMINISTRATOR,
  email: { none: "Write how you are reached into `description`." },
  user_config_template_path: { none: "Name that template: `funcx-endpoint migrate PATH`." },
  user_config_schema_path: { unneeded: "A profile is checked by its own types." },
};

/**
 * @param documents of which later ones come before earlier ones, as a template before what manages it
 * @param environment of `user_environment.yaml`
 */
export function translate(
  documents: readonly OldMap[],
  environment: OldMap | undefined,
  site: MigrationSite,
): Translation {
  const draft = new Draft(site);
  const entries = new Map(documents.flatMap(({ entries }) => [...entries]));
  const { place } = documents[0];
  const { top, engine } = withoutEngine(entries);
  follow(TOP, draft, { kind: "map", entries: top, place }, "");
  if (engine.size > 0) {
    takeEngine(draft, { key: "", value: { kind: "map", entries: engine, place } });
  }
  if (draft.get("executor.provider.type") === undefined) defaultEngine(draft);
  settleProvider(draft);
  if (environment !== undefined) takeEnvironment(draft, environment);
  draft.profile = arranged(draft.profile);
  draft.dropUnfit();
  return { profile: arranged(draft.profile), notes: draft.notes, origins: draft.origins };
}

/** The first configurations of funcX had no executors: the keys of the one stood among the others. */
function withoutEngine(
  entries: ReadonlyMap<string, OldValue>,
): Record<"top" | "engine", Map<string, OldValue>> {
  const isFlat = entries.has("provider") && !entries.has("engine") && !entries.has("executors");
  const isOfEngine = (name: string): boolean => isFlat && !Object.hasOwn(TOP, name);
  const all = [...entries];
  return {
    top: new Map(all.filter(([name]) => !isOfEngine(name))),
    engine: new Map(all.filter(([name]) => isOfEngine(name))),
  };
}

function takeAllowed(draft: Draft, entry: Entry): void {
  draft.set("allowedFunctions", plainOf(entry.value), { key: entry.key, place: entry.value.place });
  draft.note(
    "changed",
    entry,
    "Functions have other ids with another service: register them there, and write those ids as allowedFunctions.",
  );
}

/** The agent had these too; a profile gives them to workers. */
function takeEnvironment(draft: Draft, environment: OldMap): void {
  const [first] = environment.entries.values();
  if (first !== undefined) {
    draft.notes.push({
      kind: "changed",
      key: first.place.file,
      place: null,
      found: shortened([...environment.entries.keys()].join(", ")),
      instead: "Workers get these variables; the agent has those of the shell that starts it.",
    });
  }
  for (const [name, value] of environment.entries) {
    const entry = { key: name, value };
    if (value.kind !== "scalar" || !/^[A-Za-z_]\w*$/.test(name)) {
      draft.note(
        "not-read",
        entry,
        "A variable has a name and a text. Write it into executor.environment.",
      );
    } else if (value.value !== null) {
      draft.set(`executor.environment.${name}`, String(value.value), {
        key: name,
        place: value.place,
      });
    }
  }
}

const PROFILE_ORDER = ["displayName", "site", "allowedFunctions", "logLevel", "executor"];
const EXECUTOR_ORDER = [
  "workersPerNode",
  "coresPerWorker",
  "memPerWorker",
  "availableAccelerators",
  "cpuAffinity",
  "prefetch",
  "maxAttempts",
  "mpiLauncher",
  "address",
  "portRange",
  "provider",
  "container",
  "workerInit",
  "environment",
  "sandbox",
  "workingFolder",
];
const PROVIDER_ORDER = [
  "type",
  "image",
  "namespace",
  "partition",
  "queue",
  "account",
  "qos",
  "constraint",
  "gres",
  "selectOptions",
  "requirements",
  "parallelEnvironment",
  "submit",
  "status",
  "cancel",
  "schedulerOptions",
  "exclusive",
  "coresPerNode",
  "coresLimit",
  "memPerNode",
  "memLimit",
  "gpusPerNode",
  "nodesPerBlock",
  "initBlocks",
  "minBlocks",
  "maxBlocks",
  "parallelism",
  "walltime",
  "maxIdleTime",
  "cmdTimeout",
  "launcher",
];

/** As templates have it, and without what is undefined. */
function arranged(profile: Profile): Profile {
  const { executor = {} } = profile;
  const provider = executor.provider && inOrder(executor.provider, PROVIDER_ORDER);
  const sections = { ...profile, executor: inOrder({ ...executor, provider }, EXECUTOR_ORDER) };
  return inOrder(sections, PROFILE_ORDER) as Profile;
}

function inOrder(section: object, order: readonly string[]): object {
  const place = (key: string): number => (order.indexOf(key) + 1) || order.length + 1;
  const entries = Object.entries(section).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => place(a) - place(b)));
}
