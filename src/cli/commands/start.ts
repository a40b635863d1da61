import { EXIT } from "../../contract/errors.ts";
import { EndpointDir } from "../../endpoint/endpoint_dir.ts";
import { defineCommand } from "../command.ts";
import { serviceUrl, tokenFile } from "../connection.ts";
import type { CliContext } from "../context.ts";
import {
  prepareService,
  readProfile,
  startEndpoint,
  tellOfStart,
} from "../daemon/start_endpoint.ts";
import { assertNotRunning } from "../daemon/endpoint_daemon.ts";
import { endpointName, hasProfile, summarize } from "../endpoints.ts";
import { abbreviated } from "../format.ts";
import { OPTIONAL_ENDPOINT, parseSeconds } from "../parameters.ts";

interface Flags {
  readonly dryRun: boolean;
  readonly foreground: boolean;
  readonly wait: number;
  readonly service?: string;
}

export const command = defineCommand<Flags, [name?: string]>({
  description:
    "The first time for a name it makes a profile and ends, so that the profile can be " +
    "looked at. Without a name and without a profile it makes the default one and starts at once. " +
    "With no service configured it uses the private one on this machine, and starts it if needed.",
  parameters: {
    flags: {
      dryRun: {
        kind: "boolean",
        brief: "Print what would be submitted to the scheduler, and start nothing",
        withNegated: false,
      },
      foreground: {
        kind: "boolean",
        brief: "Stay in this terminal, and stop with Ctrl-C",
        withNegated: false,
      },
      wait: {
        kind: "parsed",
        brief: "How long it may take until it is Active; 0 does not wait",
        placeholder: "seconds",
        parse: parseSeconds,
        default: "60",
      },
      service: {
        kind: "parsed",
        brief: "Use this service instead of the one in the profile",
        placeholder: "url",
        parse: serviceUrl,
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async (context, flags, nameOrId) => {
    const name = endpointName(context.home, nameOrId);
    if (flags.dryRun) return await dryRun(context, name, flags.service);
    if (!hasProfile(context.home, name)) {
      const file = await makeProfile(context, name);
      if (nameOrId !== undefined) return await tellOfProfile(context, name, file);
      context.output.note(profileCreated(context, name, file));
    }
    if (flags.foreground) return await serveHere(context, name, flags.service);
    const status = await startEndpoint(context, {
      name,
      service: flags.service,
      wait: flags.wait * 1_000,
    });
    await tellOfStart(context, name, status);
    return EXIT.ok;
  },
});

async function dryRun(context: CliContext, name: string, service?: string): Promise<number> {
  const profile = await readProfile(context, { name, service });
  const { showDryRun } = await import("../daemon/dry_run.ts");
  await showDryRun(context, profile);
  return EXIT.ok;
}

/** With the template for the scheduler that is found here. Returns the path of the profile. */
async function makeProfile({ home, env }: CliContext, name: string): Promise<string> {
  const { templateForSite } = await import("../../profile/templates/templates.ts");
  const { writeProfile } = await import("../../profile/templates/write_profile.ts");
  return writeProfile(home, name, templateForSite(env)).file;
}

async function tellOfProfile(context: CliContext, name: string, file: string): Promise<number> {
  const document = { ...await summarize(context, name, undefined), profile: file, created: true };
  await context.output.show(document, () =>
    [
      profileCreated(context, name, file),
      "Configure this file and try restarting with:",
      `    $ funcx-endpoint start ${name}`,
    ].join("\n"));
  return EXIT.ok;
}

function profileCreated({ env }: CliContext, name: string, file: string): string {
  return `A default profile has been created for <${name}> at ${abbreviated(file, env("HOME"))}`;
}

/** `--foreground`: the daemon's own work in this process. */
async function serveHere(
  context: CliContext,
  name: string,
  service: string | undefined,
): Promise<number> {
  assertNotRunning(context.home, name);
  const profile = await readProfile(context, { name, service });
  await prepareService(context, profile);
  const { logFile } = new EndpointDir(context.home, name, profile.stateDir);
  context.output.note(
    `${name} serves in this terminal until Ctrl-C; its log is ${
      abbreviated(logFile, context.env("HOME"))
    }`,
  );
  const { runAgent } = await import("../../endpoint/bootstrap.ts");
  const { home, env, signal } = context;
  return await runAgent({ home, name, profile, tokenFile: tokenFile(env), signal });
}
