import process from "node:process";
import { text } from "node:stream/consumers";
import { runAgent } from "../../endpoint/bootstrap.ts";
import type { ResolvedProfile } from "../../profile/schema.ts";
import { defineCommand } from "../command.ts";
import { serviceUrl, tokenFile } from "../connection.ts";
import type { CliContext } from "../context.ts";

interface Flags {
  readonly name: string;
  readonly service?: string;
  readonly resolved: boolean;
}

/** The daemon of an endpoint, in the foreground; `start` runs it detached. */
export const command = defineCommand<Flags>({
  parameters: {
    flags: {
      name: { kind: "parsed", brief: "Of the endpoint", parse: String },
      service: {
        kind: "parsed",
        brief: "Instead of the one in the profile",
        placeholder: "url",
        parse: serviceUrl,
        optional: true,
      },
      resolved: {
        kind: "boolean",
        brief: "Its resolved profile comes on standard input, as JSON",
        withNegated: false,
      },
    },
  },
  run: async (context, flags) => {
    const { home, env, signal } = context;
    const profile = flags.resolved ? await givenProfile() : await ownProfile(context, flags);
    return await runAgent({ home, name: flags.name, profile, tokenFile: tokenFile(env), signal });
  },
});

/**
 * As `start` has evaluated it: the sandbox in which that is done, with its transpiler, would leave
 * the daemon 10 MB larger for good.
 */
async function givenProfile(): Promise<ResolvedProfile> {
  return JSON.parse(await text(process.stdin));
}

async function ownProfile(context: CliContext, flags: Flags): Promise<ResolvedProfile> {
  const { readProfile } = await import("../daemon/start_endpoint.ts");
  return await readProfile(context, flags);
}
