import { type InitializedFile, initializeHome } from "../../profile/templates/initialize.ts";
import { template as templateNamed } from "../../profile/templates/templates.ts";
import { defineCommand } from "../command.ts";
import { othersHere } from "../others_here.ts";
import { DEFAULT_NAME } from "../endpoints.ts";
import { abbreviated } from "../format.ts";

interface Flags {
  readonly force: boolean;
}

export const command = defineCommand<Flags>({
  description: "Makes the folder, the types with which an editor completes profiles, and the " +
    "profile of the endpoint `default`. What is there already is kept.",
  parameters: {
    flags: {
      force: {
        kind: "boolean",
        brief: "Make the files anew; those that are there are renamed first",
        withNegated: false,
      },
    },
  },
  run: async ({ home, env, output }, { force }) => {
    const { template, files } = initializeHome({ home, name: DEFAULT_NAME, env, force });
    const short = (path: string): string => abbreviated(path, env("HOME"));
    await output.show({ folder: home.root, template, files }, () =>
      [
        ...files.map((file) => fileLine(file, short)),
        "",
        ...(template === null ? [] : [`The profile is for ${templateNamed(template).brief}.`]),
        ...(template === null ? [] : othersHere(env)),
        "Edit the profile if you like, then start the endpoint:",
        "",
        "    $ funcx-endpoint start",
      ].join("\n"));
  },
});

function fileLine(
  { path, action, backup }: InitializedFile,
  short: (path: string) => string,
): string {
  const before = backup === undefined ? "" : ` (the old one is now ${short(backup)})`;
  return `${action.padEnd("created".length)}  ${short(path)}${before}`;
}
