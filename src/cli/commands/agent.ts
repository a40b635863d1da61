import { text } from "node:stream/consumers";
import process from "node:process";
import { runAgent } from "../../endpoint/bootstrap.ts";
import type { ResolvedProfile } from "../../profile/schema.ts";
import { defineCommand } from "../command.ts";
import { tokenFile } from "../connection.ts";

interface Flags {
  readonly name: string;
}

/**
 * The daemon of an endpoint, in the foreground; `start` runs it detached. The resolved profile comes
 * as JSON on standard input: `start` has evaluated it anyway, and the sandbox in which that is done,
 * with its transpiler, would leave the daemon a fifth larger for good.
 */
export const command = defineCommand<Flags>({
  parameters: {
    flags: {
      name: { kind: "parsed", brief: "Of the endpoint", parse: String },
    },
  },
  run: async ({ home, env, signal }, { name }) => {
    const profile: ResolvedProfile = JSON.parse(await text(process.stdin));
    return await runAgent({ home, name, profile, tokenFile: tokenFile(env), signal });
  },
});
