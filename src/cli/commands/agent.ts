import { runAgent } from "../../endpoint/bootstrap.ts";
import { defineCommand } from "../command.ts";
import { serviceUrl, tokenFile } from "../connection.ts";
import { readProfile } from "../daemon/start_endpoint.ts";

interface Flags {
  readonly name: string;
  readonly service?: string;
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
    },
  },
  run: async (context, { name, service }) => {
    const { home, env, signal } = context;
    const profile = await readProfile(context, { name, service });
    return await runAgent({ home, name, profile, tokenFile: tokenFile(env), signal });
  },
});
