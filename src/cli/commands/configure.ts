import { FuncxError } from "../../contract/errors.ts";
import { meaningOf, type Placeholder, placeholdersIn } from "../../profile/placeholders.ts";
import type { Profile } from "../../profile/profile.d.ts";
import { fillIn, parseSetting, type Setting } from "../../profile/templates/settings.ts";
import { SITE_NAMES } from "../../profile/templates/sites.ts";
import {
  type Template,
  template,
  TEMPLATE_NAMES,
  templateForSite,
  templateOfSite,
} from "../../profile/templates/templates.ts";
import { type Draft, draftProfile, writeDraft } from "../../profile/templates/write_profile.ts";
import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { othersHere } from "../others_here.ts";
import { endpointName } from "../endpoints.ts";
import { abbreviated } from "../format.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";
import { ask, canAsk } from "../prompt.ts";

interface Flags {
  readonly template?: string;
  readonly site?: string;
  readonly account?: string;
  readonly partition?: string;
  readonly queue?: string;
  readonly fill?: readonly string[];
  readonly set?: readonly string[];
}

export const command = defineCommand<Flags, [name?: string]>({
  description:
    "The profile is a TypeScript file that you can edit. --site takes the one that is known for " +
    "a machine; `funcx-endpoint sites` lists them. What only you know, such as an account, is " +
    "asked for on a terminal, unless flags say it. With --set you choose any of its values at " +
    "once: --set executor.workersPerNode=4. Values are JSON, anything else is text.",
  parameters: {
    flags: {
      site: {
        kind: "parsed",
        parse: String,
        brief: "The machine to make it for; NAME is then the site's when left out",
        placeholder: "SITE",
        optional: true,
        proposeCompletions: () => SITE_NAMES,
      },
      template: {
        kind: "parsed",
        parse: String,
        brief: `One of ${TEMPLATE_NAMES.join(", ")} (default: by the scheduler found here)`,
        placeholder: "TEMPLATE",
        optional: true,
        proposeCompletions: () => TEMPLATE_NAMES,
      },
      account: providerFlag("What jobs are charged to", "ACCOUNT"),
      partition: providerFlag("The partition of Slurm that jobs go to", "PARTITION"),
      queue: providerFlag("The queue that jobs go to, where it is called so", "QUEUE"),
      fill: {
        kind: "parsed",
        parse: String,
        brief: "What stands for a placeholder; may be given several times",
        placeholder: "NAME=TEXT",
        variadic: true,
        optional: true,
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
    positional: {
      kind: "tuple",
      parameters: [{ ...OPTIONAL_ENDPOINT, brief: "Name of the new endpoint" }],
    },
  },
  run: async (context, flags, nameOrId) => {
    const { home, env, output } = context;
    const chosen = chosenTemplate(flags, env);
    const name = nameOf(context, flags, chosen, nameOrId);
    const draft = filled(context, flags, draftProfile(home, name, chosen, settingsOf(flags)));
    const { file, template } = writeDraft(home, draft);
    const placeholders = placeholdersIn(draft.profile);
    await output.show({ name, file, template, placeholders }, () =>
      [
        `A profile has been created for ${name} at ${abbreviated(file, env("HOME"))} ` +
        `(${flags.site === undefined ? "template" : "site"} ${template}).`,
        ...(flags.site ?? flags.template) === undefined ? othersHere(env) : [],
        ...whatIsLeft(placeholders),
        "",
        `    $ funcx-endpoint start ${name}`,
      ].join("\n"));
  },
});

function providerFlag(brief: string, placeholder: string): {
  readonly kind: "parsed";
  readonly parse: (text: string) => string;
  readonly brief: string;
  readonly placeholder: string;
  readonly optional: true;
} {
  return { kind: "parsed", parse: String, brief, placeholder, optional: true };
}

function chosenTemplate({ site, template: name }: Flags, env: CliContext["env"]): Template {
  if (site === undefined) return template(name ?? templateForSite(env));
  if (name === undefined) return templateOfSite(site);
  throw new FuncxError({
    code: "USAGE",
    message: "--site and --template do not go together",
    hint: "A site has its own template; leave --template out.",
  });
}

function nameOf(
  { home }: CliContext,
  { site }: Flags,
  template: Template,
  nameOrId: string | undefined,
): string {
  if (nameOrId !== undefined) return endpointName(home, nameOrId);
  if (site !== undefined) return template.name;
  throw new FuncxError({
    code: "USAGE",
    message: "the new endpoint needs a name",
    hint: "Write `funcx-endpoint configure NAME`, or --site SITE for one that is named after it.",
  });
}

/** The flags for keys of the provider are settings in fewer words. */
function settingsOf({ account, partition, queue, set = [] }: Flags): Setting[] {
  const provider = Object.entries({ account, partition, queue }).flatMap(([key, value]) =>
    value === undefined ? [] : [{
      text: `--${key} ${value}`,
      path: ["executor", "provider", key],
      value: JSON.stringify(value),
    }]
  );
  return [...provider, ...set.map(parseSetting)];
}

/** What is left to the user goes in, from `--fill` and from answers. */
function filled(context: CliContext, { fill = [] }: Flags, draft: Draft): Draft {
  let { profile } = draft;
  for (const text of fill) {
    const [, name, value] = /^<?([A-Z][A-Z0-9_]*)>?=(.+)$/s.exec(text) ?? [];
    if (name === undefined) throw badFill(text);
    profile = fillIn(profile, name, value);
  }
  return { ...draft, profile: canAsk(context) ? answered(context, profile) : profile };
}

function badFill(text: string): FuncxError {
  return new FuncxError({
    code: "USAGE",
    message: `--fill ${text}: expected NAME=TEXT with the name of a placeholder`,
    hint: "Write it as --fill ACCOUNT=abc123.",
  });
}

function answered(context: CliContext, profile: Profile): Profile {
  const names = new Set(placeholdersIn(profile).map(({ name }) => name));
  return [...names].reduce((current, name) => answer(context, current, name), profile);
}

/** Asks until the answer fits; Enter alone leaves the placeholder. */
function answer(context: CliContext, profile: Profile, name: string): Profile {
  while (true) {
    const text = ask(context, `${name}, ${meaningOf(name)} (Enter to fill it in later)`);
    if (text === "") return profile;
    try {
      return fillIn(profile, name, text);
    } catch (thrown) {
      if (!(thrown instanceof FuncxError)) throw thrown;
      context.output.warn(thrown.message);
    }
  }
}

function whatIsLeft(placeholders: readonly Placeholder[]): string[] {
  if (placeholders.length === 0) return ["Edit it if you like, then start the endpoint:"];
  const keys = placeholders.map(({ key, name }) => `${key}: <${name}>, ${meaningOf(name)}`);
  return [
    "Fill in what only you know:",
    "",
    ...keys.map((line) => `    ${line}`),
    "",
    "Then start the endpoint:",
  ];
}
