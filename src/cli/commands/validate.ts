import { FuncxError } from "../../contract/errors.ts";
import type { ProfileFailure, SourcePlace } from "../../profile/failure.ts";
import type { ProfileProblem } from "../../profile/problems.ts";
import { type ExplainedProfile, explainProfile, profileFile } from "../../profile/resolve.ts";
import { defineCommand } from "../command.ts";
import { endpointName } from "../endpoints.ts";
import { errorOf } from "../failure.ts";
import { abbreviated } from "../format.ts";
import type { Style } from "../output/output.ts";
import { oneLine } from "../output/style.ts";
import { fields } from "../output/table.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";

interface Flags {
  readonly service?: string;
}

export const command = defineCommand<Flags, [name?: string]>({
  description: "Evaluates the profile, checks every key, and prints what it comes to with all " +
    "defaults. What is wrong is explained, all of it at once.",
  parameters: {
    flags: {
      service: {
        kind: "parsed",
        parse: String,
        brief: "Check it as `start --service URL` would use it",
        placeholder: "URL",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async ({ home, env, output }, { service }, nameOrId) => {
    const name = endpointName(home, nameOrId);
    const explained = await explainProfile({ home, name, env, overrides: { service } });
    if (explained.kind === "ok") {
      const { value } = explained;
      const document = { name, valid: true, ...value, problems: [] };
      await output.show(document, (style) => validText(value, env("HOME"), style));
      for (const variable of value.unlistedEnv) output.warn(unlisted(variable));
      return;
    }
    const { failure } = explained;
    const { code, message, hint, problems, place } = failure;
    const document = {
      name,
      valid: false,
      file: profileFile(home, name),
      error: { code, message, hint },
      problems,
      place,
    };
    if (output.json || problems.length > 0 || place !== undefined) {
      await output.show(document, (style) => invalidText(failure, style));
    }
    throw failureForPeople(failure, profileFile(home, name));
  },
});

function validText(
  { profile, file, site }: ExplainedProfile,
  home: string | undefined,
  style: Style,
): string {
  const { accelerators, schedulers, ...facts } = site;
  return [
    style.green(`${abbreviated(file, home)} is valid.`),
    "",
    style.bold("Profile"),
    fields(leaves(profile)),
    "",
    style.bold("Site"),
    fields([
      ...leaves(facts).filter(([key]) => key !== "name"),
      [
        "accelerators",
        accelerators.map(({ vendor, model }) => `${vendor} ${model}`).join(", ") || "none",
      ],
      ["schedulers", schedulers.join(", ") || "none"],
    ]),
  ].join("\n");
}

/** Dotted keys with their values as JSON. */
function leaves(value: object, path: readonly string[] = []): [key: string, value: string][] {
  return Object.entries(value).flatMap(([key, item]): [string, string][] => {
    const itemPath = [...path, key];
    const isSection = typeof item === "object" && item !== null && !Array.isArray(item) &&
      Object.keys(item).length > 0;
    return isSection ? leaves(item, itemPath) : [[itemPath.join("."), JSON.stringify(item)]];
  });
}

function unlisted(variable: string): string {
  return `the profile asks for site.env.${variable} and does not list it; ` +
    `add \`export const env = ["${variable}"];\``;
}

function invalidText({ problems, place }: ProfileFailure, style: Style): string {
  const parts = problems.map((problem) => problemText(problem, style));
  if (place !== undefined) parts.push(excerpt(place, style));
  return parts.join("\n\n");
}

function problemText({ key, line, found, expected, mend }: ProfileProblem, style: Style): string {
  const where = line === undefined ? "" : style.dim(` (line ${line})`);
  return [
    `${style.bold(key === "" ? "the profile" : oneLine(key))}${where}`,
    `  found:    ${oneLine(found)}`,
    `  expected: ${oneLine(expected)}`,
    `  mend:     ${oneLine(mend)}`,
  ].join("\n");
}

/** The line of source with a mark under the column. */
function excerpt({ file, line, column, text }: SourcePlace, style: Style): string {
  const number = String(line);
  const margin = " ".repeat(number.length);
  // A tab stays a tab, so that the mark stands under its place however wide tabs are.
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  return [
    style.dim(`${file}:${line}:${column}`),
    `${style.dim(`${number} |`)} ${text.trimEnd()}`,
    `${style.dim(`${margin} |`)} ${indent}${style.red("^")}`,
  ].join("\n");
}

function failureForPeople(failure: ProfileFailure, file: string): FuncxError {
  const count = failure.problems.length;
  if (count < 2) return errorOf(failure);
  return new FuncxError({
    code: failure.code,
    message: `${file} has ${count} problems`,
    hint: "Mend them as said above, then run `funcx-endpoint validate` again.",
  });
}
