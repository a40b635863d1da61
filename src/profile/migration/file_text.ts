/** The profile as a file, in the form of the templates, with what could not be taken over as comments. */
import type { Profile } from "../profile.d.ts";
import { SCHEDULERS } from "../schedulers.ts";
import { blockComments, LOCAL_COMMENTS } from "../templates/comments.ts";
import { type Comments, renderProfile } from "../templates/render.ts";
import type { MigratedVariable } from "./migration.ts";
import type { MigrationNote } from "./draft.ts";

/** @param source the old file, as people are told */
export function fileText(
  name: string,
  source: string,
  { profile, notes, variables }: {
    readonly profile: Profile;
    readonly notes: readonly MigrationNote[];
    readonly variables: readonly MigratedVariable[];
  },
): string {
  const left = notes.filter(({ kind, place }) => kind === "not-read" && place !== null);
  const comments: Comments = {
    ...usual(profile),
    ...Object.fromEntries(variables.flatMap(variableComments)),
    "executor.": left.length === 0 ? [] : ["Not taken over:", ...left.map(leftLine)],
  };
  const about = [`Made from ${source} by \`funcx-endpoint migrate\`.`].map(inComment);
  return renderProfile({ name, profile, comments, about });
}

/** Those of the templates, without the keys that they propose. */
function usual(profile: Profile): Comments {
  const type = profile.executor?.provider?.type;
  if (type === "exec") {
    return {
      "executor.provider": ["Workers run in jobs of a scheduler whose commands are called."],
      "executor.provider.submit": [
        "Each is the command and its words; ../profile.d.ts says what they are asked.",
      ],
    };
  }
  const scheduler = SCHEDULERS.find((known) => known === type);
  if (scheduler === undefined) return LOCAL_COMMENTS;
  return { ...blockComments(scheduler, profile), "executor.provider.": [], "executor.": [] };
}

function variableComments(
  { name, targets, default: text }: MigratedVariable,
): [string, string[]][] {
  const was = text === null ? "no default" : "this default";
  return targets.map((target) => [target, [`{{ ${name} }} in the template, with ${was}.`]]);
}

function leftLine({ key, place, found }: MigrationNote): string {
  return inLine(`${key} = ${found} (${place?.file}:${place?.line})`);
}

/** Nothing in a file's name or value may end a comment. */
function inComment(text: string): string {
  return inLine(text).replaceAll("*/", "* /");
}

function inLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
