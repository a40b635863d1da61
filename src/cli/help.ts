/** `--help`: of one command by stricli, of a group of commands as a list of what there is. */
import type { ApplicationFlagFunction, StricliIntegration } from "@stricli/core";
import type { CommandSections, Invocation } from "./command.ts";
import { GLOBAL_OPTION_BRIEFS } from "./global_options.ts";
import { style } from "./output/style.ts";
import type { Style } from "./output/output.ts";

const FORMATTING = {
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: false,
  caseStyle: "convert-camel-to-kebab",
} as const;

/** The `--help` flag of all commands and groups; a group without a command gives its help, too. */
export function helpIntegration(sections: CommandSections): StricliIntegration<Invocation> {
  const flag = { brief: "Print help", aliases: ["h"], global: true, complete: true } as const;
  return { flag: { ...flag, defaultForRouteMap: true, run: printHelp(sections) } };
}

function printHelp(sections: CommandSections): ApplicationFlagFunction<Invocation> {
  return function (app, args): void {
    const { result, text, ansiColorByStream, additionalFlags } = args;
    const prefix = result.prefix.join(" ");
    const paint = style(ansiColorByStream.stdout);
    const found = findGroup(sections, result.prefix.slice(1));
    if (found !== undefined) {
      this.process.stdout.write(groupHelp(prefix, found.brief, found.sections, paint));
      return;
    }
    const whole = result.target.formatHelp({
      prefix: result.prefix,
      config: FORMATTING,
      additionalFlags,
      includeArgumentEscapeSequenceFlag: false,
      includeHidden: false,
      text,
      ansiColor: ansiColorByStream.stdout,
    });
    this.process.stdout.write(tidied(whole, prefix, Object.keys(app.integrations)));
  };
}

/**
 * Stricli shows each common flag as a usage of its own, which says nothing, and switches in round
 * brackets although they may be left out.
 */
function tidied(text: string, prefix: string, flags: readonly string[]): string {
  const usages = new Set(flags.map((name) => `  ${prefix} --${name}`));
  return text.split("\n")
    .filter((line) => !usages.has(line))
    .map((line) => line.startsWith(`  ${prefix}`) ? line.replace(/\((-[^)]*)\)/g, "[$1]") : line)
    .join("\n");
}

interface Group {
  readonly brief: string;
  readonly sections: CommandSections;
}

const PROGRAM_BRIEF =
  "Serves functions from this machine, and runs functions anywhere. To begin:\n\n" +
  "    $ funcx-endpoint start";

function findGroup(sections: CommandSections, path: readonly string[]): Group | undefined {
  let group: Group = { brief: PROGRAM_BRIEF, sections };
  for (const name of path) {
    const entry = Object.values(group.sections).map((table) => table[name]).find(Boolean);
    if (entry?.kind !== "group") return undefined;
    group = { brief: `${entry.brief}.`, sections: { Commands: entry.commands } };
  }
  return group;
}

function groupHelp(prefix: string, brief: string, sections: CommandSections, style: Style): string {
  const blocks = [`${style.underline("USAGE")}\n  ${prefix} COMMAND …`, brief];
  for (const [heading, table] of Object.entries(sections)) {
    const visible = Object.entries(table).filter(([, entry]) => !entry.hidden);
    const lines = columns(visible.map(([name, entry]) => [name, entry.brief]));
    if (lines !== "") blocks.push(`${style.underline(heading.toUpperCase())}\n${lines}`);
  }
  const options = Object.entries(GLOBAL_OPTION_BRIEFS).map(([name, brief]) => [`--${name}`, brief]);
  const all = [["-h --help", "Print help"], ...options];
  blocks.push(`${style.underline("OPTIONS OF ALL COMMANDS")}\n${columns(all)}`);
  return `${blocks.join("\n\n")}\n`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(14, ...rows.map(([name]) => name.length + 2));
  return rows.map(([name, brief]) => `  ${name.padEnd(width)}${brief}`).join("\n");
}
