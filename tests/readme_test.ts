/**
 * README.md is true: its console blocks are typed in, in order, in one scratch home, and print what
 * stands there; its tables name every command, exit code and JSON field.
 *
 * A block after `<!-- file: NAME -->` is written to that file first; one after `<!-- python -->` needs
 * python3. `…` stands for any text, alone on a line for any lines; ids, times, ports and the widths of
 * columns may differ.
 */
import { assertTrue } from "../src/lib/assert.ts";
import { join } from "../src/lib/path.ts";
import { COMMANDS } from "../src/cli/app.ts";
import type { CommandTable } from "../src/cli/command.ts";
import { EXIT } from "../src/contract/errors.ts";
import { BINARY } from "./helpers/binary.ts";
import { PATH_WITH_PYTHON, PYTHON } from "./helpers/python.ts";
import { README } from "./helpers/readme.ts";
import { Running } from "./helpers/running.ts";
import { processTest, type TestEnv } from "./helpers/test_env.ts";

interface Block {
  readonly mark: string;
  readonly language: string;
  readonly text: string;
}

function blocks(): Block[] {
  const pattern = /(?:<!-- (.+) -->\n+)?^```(\w+)\n([\s\S]*?)^```$/gm;
  return [...README.matchAll(pattern)]
    .map(([, mark = "", language, text]) => ({ mark, language, text }));
}

/** Commands with what they print. */
function examples(text: string): { command: string; expected: string }[] {
  return text.split(/^\$ /m).slice(1).map((example) => {
    const [command, ...printed] = example.trimEnd().split("\n");
    return { command, expected: printed.join("\n") };
  });
}

/** Two texts that differ only in ids, times, ports and widths become the same. */
function normalized(text: string): string {
  return text.trimEnd()
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID")
    .replace(/\d\d:\d\d:\d\d\.\d+/g, "TIME")
    .replace(/\b[\d.]+ (ms|s)\b/g, "LASTED")
    .replace(/127\.0\.0\.1:\d+/g, "ADDRESS")
    .replace(/-{2,}/g, "-").replace(/={2,}/g, "=").replace(/ {2,}/g, " ");
}

function matches(actual: string, expected: string): boolean {
  const pattern = normalized(expected).split("\n")
    .map((line) => line === "…" ? "(?:.*\\n)*?.*" : line.split("…").map(escaped).join(".*"))
    .join("\\n");
  return new RegExp(`^${pattern}$`).test(normalized(actual));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

async function typeIn(env: TestEnv, folder: string, command: string): Promise<string> {
  await using shell = new Running(["/bin/sh", "-c", `{ ${command}\n} 2>&1`], {
    env: { ...env.environment, PATH: `${folder}:${PATH_WITH_PYTHON}` },
    clearEnv: true,
    cwd: env.home,
  });
  return (await shell.finished()).stdout;
}

processTest("the README's examples print what it says", async (env) => {
  const folder = join(env.root, "bin");
  Deno.mkdirSync(folder);
  Deno.symlinkSync(BINARY, join(folder, "funcx-endpoint"));
  for (const { mark, language, text } of blocks()) {
    const file = /^file: (.+)$/.exec(mark)?.[1];
    if (file !== undefined) env.file(file, text);
    if (language !== "console" || (mark === "python" && PYTHON === undefined)) continue;
    for (const { command, expected } of examples(text)) {
      const actual = await typeIn(env, folder, command);
      assertTrue(
        matches(actual, expected),
        `$ ${command}\n--- README\n${expected}\n--- printed\n${actual}`,
      );
    }
  }
  await env.noProcessIsLeft();
}, { path: PATH_WITH_PYTHON });

Deno.test("the README names every command", () => {
  const missing = Object.values(COMMANDS).flatMap((table) => namesOf(table, ""))
    .filter((name) => !isNamed(name));
  assertTrue(missing.length === 0, `not in README.md: ${missing.join(", ")}`);
});

function namesOf(table: CommandTable, prefix: string): string[] {
  return Object.entries(table).filter(([, entry]) => !entry.hidden).flatMap(([name, entry]) =>
    entry.kind === "group" ? namesOf(entry.commands, `${prefix}${name} `) : [`${prefix}${name}`]
  );
}

/** As `token create` in "`service token create`, `list`", or alone. */
function isNamed(name: string): boolean {
  const words = name.split(" ");
  const last = words.at(-1) ?? "";
  const group = words.slice(0, -1).join(" ");
  return README.split("\n").some((line) =>
    line.startsWith("| `") && line.includes(group) && new RegExp(`[\`\\s]${last}[\`\\s]`).test(line)
  );
}

Deno.test("the README names every exit code", () => {
  for (const code of Object.values(EXIT)) {
    assertTrue(new RegExp(`^\\| ${code} +\\|`, "m").test(README), `no line for exit code ${code}`);
  }
});
