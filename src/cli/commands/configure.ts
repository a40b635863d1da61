import { writeProfile } from "../../profile/templates/write_profile.ts";
import { TEMPLATE_NAMES, templateForSite } from "../../profile/templates/templates.ts";
import { defineCommand } from "../command.ts";
import { endpointName } from "../endpoints.ts";
import { abbreviated } from "../format.ts";
import { ENDPOINT } from "../parameters.ts";

interface Flags {
  readonly template?: string;
  readonly set?: readonly string[];
}

export const command = defineCommand<Flags, [name: string]>({
  description:
    "The profile is a TypeScript file that you can edit. With --set you choose some of " +
    "its values at once: --set executor.workersPerNode=4. Values are JSON, anything else is text.",
  parameters: {
    flags: {
      template: {
        kind: "parsed",
        parse: String,
        brief: `One of ${TEMPLATE_NAMES.join(", ")} (default: by the scheduler found here)`,
        placeholder: "TEMPLATE",
        optional: true,
        proposeCompletions: () => TEMPLATE_NAMES,
      },
      set: {
        kind: "parsed",
        parse: String,
        brief: "A key of the profile and its value; may be given several times",
        placeholder: "KEY=VALUE",
        variadic: true,
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [ENDPOINT] },
  },
  run: async ({ home, env, output }, flags, nameOrId) => {
    const name = endpointName(home, nameOrId);
    const chosen = flags.template ?? templateForSite(env);
    const { file, template } = writeProfile(home, name, chosen, flags.set);
    await output.show({ name, file, template }, () =>
      [
        `A profile has been created for ${name} at ${abbreviated(file, env("HOME"))} ` +
        `(template ${template}).`,
        "Edit it if you like, then start the endpoint:",
        "",
        `    $ funcx-endpoint start ${name}`,
      ].join("\n"));
  },
});
