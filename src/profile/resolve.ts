/**
 * From `config.ts` to the profile that the rest of the program works with. What is said nearer to
 * the moment counts more: flags, then the environment, then `config.ts`, then defaults.
 */
import { FuncxError } from "../contract/errors.ts";
import { type FuncxHome, isEndpointName } from "../contract/home_folder.ts";
import { readIfPresent } from "../lib/files.ts";
import { fatal, messageOf, ok, type Outcome } from "../lib/outcome.ts";
import { resolveProfile } from "./defaults.ts";
import { failureOf, type ProfileFailure } from "./failure.ts";
import { checkFilledProfile } from "./placeholders.ts";
import { evaluateProfile } from "./sandbox.ts";
import { isServiceUrl, type ResolvedProfile } from "./schema.ts";
import { type SiteFacts, siteFacts } from "./site.ts";

export interface LoadOptions {
  readonly home: FuncxHome;
  readonly name: string;
  readonly env: (name: string) => string | undefined;
  /** By flags. */
  readonly overrides?: { readonly service?: string };
}

/**
 * Evaluates, checks and resolves the profile of one endpoint. Failures have codes `PROFILE_*`;
 * what stands outside the profile and is wrong (name, flag, variable) is thrown as a `FuncxError`
 * of code USAGE.
 */
export async function loadProfile(
  options: LoadOptions,
): Promise<Outcome<ResolvedProfile, ProfileFailure>> {
  const explained = await explainProfile(options);
  return explained.kind === "ok" ? ok(explained.value.profile) : explained;
}

export interface ExplainedProfile {
  readonly profile: ResolvedProfile;
  /** Absolute path of `config.ts`. */
  readonly file: string;
  readonly site: SiteFacts;
  /** Variables that the profile asked `site.env` for and does not list. */
  readonly unlistedEnv: readonly string[];
}

/** {@link loadProfile}, with what else there is to know. */
export async function explainProfile(
  { home, name, env, overrides = {} }: LoadOptions,
): Promise<Outcome<ExplainedProfile, ProfileFailure>> {
  checkEndpointName(name);
  const service = serviceOverride(overrides.service, env);
  const file = profileFile(home, name);
  const source = readSource(file, name);
  if (source.kind !== "ok") return source;
  const site = siteFacts(name, env);
  const evaluated = await evaluateProfile({ file, env, site });
  if (evaluated.kind !== "ok") return evaluated;
  const { value, unlistedEnv } = evaluated.value;
  const checked = checkFilledProfile(value, source.value);
  if ("problems" in checked) return fatal(failureOf(file, name, checked.problems));
  const raw = { ...checked.profile, service: service ?? checked.profile.service };
  const profile = resolveProfile(raw, { folder: home.endpointFolder(name), site });
  return ok({ profile, file, site, unlistedEnv });
}

/** `<home>/<name>/config.ts`. */
export function profileFile(home: FuncxHome, name: string): string {
  return home.profileFile(name);
}

/** Throws a `FuncxError` of code USAGE for what cannot be an endpoint's name. */
export function checkEndpointName(name: string): void {
  if (isEndpointName(name)) return;
  throw new FuncxError({
    code: "USAGE",
    message: `${JSON.stringify(name)} cannot be the name of an endpoint`,
    hint: 'Use letters, digits, "_", "-" and ".", at most 128, not "." or "-" first; ' +
      '"service" is taken by the private service.',
  });
}

function readSource(file: string, name: string): Outcome<string, ProfileFailure> {
  try {
    const source = readIfPresent(file);
    if (source !== undefined) return ok(source);
    return fatal({
      code: "PROFILE_NOT_FOUND",
      message: `there is no profile "${name}": ${file} does not exist`,
      hint: `Make it with \`funcx-endpoint configure ${name}\`.`,
      problems: [],
    });
  } catch (thrown) {
    return fatal({
      code: "PROFILE_INVALID",
      message: `${file} cannot be read: ${messageOf(thrown)}`,
      hint: "Make it a file that your user can read.",
      problems: [],
    });
  }
}

/** What a flag or the environment says; an empty variable says nothing. */
function serviceOverride(
  flag: string | undefined,
  env: (name: string) => string | undefined,
): string | undefined {
  const [url, from] = flag === undefined
    ? [env("FUNCX_SERVICE_URL"), "FUNCX_SERVICE_URL"]
    : [flag, "--service"];
  if (url === undefined || (url === "" && flag === undefined)) return undefined;
  if (isServiceUrl(url)) return url;
  throw new FuncxError({
    code: "USAGE",
    message: `${from} is ${JSON.stringify(url)}, expected the base URL of a service`,
    hint: 'Write it as "https://HOST", without user, "?" and "#".',
  });
}
