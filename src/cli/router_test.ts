import { FuncxError } from "../contract/errors.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { COMMANDS } from "./app.ts";
import { command, type CommandSections, defineCommand, group } from "./command.ts";
import type { Surroundings } from "./context.ts";
import { runCommand } from "./router.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands that show how the frame treats what they do. */
const SECTIONS: CommandSections = {
  Things: {
    greet: command("Say hello", () =>
      Promise.resolve({
        command: defineCommand<{ readonly times?: number }, [name: string]>({
          parameters: {
            flags: {
              times: {
                kind: "parsed",
                brief: "How often",
                optional: true,
                parse: (text: string): number => {
                  if (/^\d+$/.test(text)) return Number(text);
                  throw new FuncxError({ code: "USAGE", message: "expected a whole number" });
                },
              },
            },
            positional: {
              kind: "tuple",
              parameters: [{ placeholder: "name", brief: "Whom", parse: String }],
            },
          },
          run: async ({ output }, { times = 1 }, name) => {
            await output.show({ name, times }, () => `hello ${name}`.repeat(times));
          },
        }),
      })),
    fail: command("Fail", () =>
      Promise.resolve({
        command: defineCommand<Record<never, never>>({
          parameters: {},
          run: () => {
            throw new FuncxError({ code: "TIMED_OUT", message: "too slow", hint: "wait" });
          },
        }),
      })),
    deep: group("Things below", {
      code: command("End with a code", () =>
        Promise.resolve({
          command: defineCommand<Record<never, never>>({ parameters: {}, run: () => 42 }),
        })),
    }),
  },
};

async function ran(words: readonly string[], json = false, sections = SECTIONS): Promise<Ran> {
  const text = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr"): Surroundings["stdout"] => ({
    isTerminal: false,
    color: false,
    columns: 80,
    write: (more) => void (text[name] += more),
  });
  const code = await runCommand(sections, words, {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    stdin: { isTerminal: false, readable: new ReadableStream() },
    env: () => undefined,
  }, { json, debug: false });
  return { code, ...text };
}

Deno.test("a command shows its result as text or as JSON", async () => {
  assertEquals(await ran(["greet", "Ada"]), { code: 0, stdout: "hello Ada\n", stderr: "" });
  assertEquals((await ran(["greet", "Ada"], true)).stdout, '{"name":"Ada","times":1}\n');
});

Deno.test("the exit code is the command's own, or that of its failure", async () => {
  assertEquals(await ran(["deep", "code"]), { code: 42, stdout: "", stderr: "" });
  assertEquals(await ran(["fail"]), {
    code: 75,
    stdout: "",
    stderr: "error: too slow\nhint: wait\n",
  });
});

Deno.test("a wrong command line ends with 64 and two lines that suggest", async () => {
  const cases: [words: string[], message: RegExp, hint: RegExp][] = [
    [["gret"], /no command "gret"/, /`greet`/],
    [["deep", "cod"], /no command "cod"/, /`code`/],
    [["--frob"], /no option --frob/, /--help/],
    [["greet", "Ada", "--tims", "3"], /no option --tims/, /`--times`/],
    [["greet"], /name is missing/, /--help/],
    [["greet", "a", "b"], /"b" is one argument too many/, /--help/],
    [["greet", "a", "--times"], /--times needs a value/, /--help/],
    [["greet", "a", "--times", "x"], /expected a whole number \(found "x"\)/, /--help/],
  ];
  for (const [words, message, hint] of cases) {
    const { code, stdout, stderr } = await ran(words);
    const lines = stderr.trimEnd().split("\n");
    assertEquals([code, stdout, lines.length], [64, "", 2]);
    assertMatch(lines[0], message);
    assertMatch(lines[1], hint);
  }
});

Deno.test("what may be a secret is not repeated", async () => {
  const secret = "hunter2";
  for (
    const words of [
      ["service", "start", "--amqp", `amqps://funcx:${secret}@h/v`],
      ["service", "run", `--amqp-management=https://funcx:${secret}`],
      ["service", "start", "--amqp-login", `funcx:${secret}`],
      ["service", "start", `amqps://funcx:${secret}@h`],
      ["service", `amqps://funcx:${secret}@h`],
      [`amqps://funcx:${secret}@h`],
      ["service", "start", "--listen", `https://funcx:${secret}@h`],
      ["service", "start", "--log-level", `https://funcx:${secret}@h`],
    ]
  ) {
    const { code, stdout, stderr } = await ran(words, false, COMMANDS);
    assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [64, "", 2]);
    assertTrue(!stderr.includes(secret), stderr);
  }
});

Deno.test("help of a group lists it, help of a command explains it", async () => {
  const root = await ran([]);
  assertTrue(root.code === 0 && root.stdout.includes("THINGS\n  greet"));
  assertEquals((await ran(["help"])).stdout, root.stdout);
  assertTrue((await ran(["deep"])).stdout.includes("End with a code"));
  const greet = await ran(["help", "greet"]);
  assertTrue(greet.stdout.includes("funcx-endpoint greet [--times value] <name>"));
  assertEquals((await ran(["greet", "--help"])).stdout, greet.stdout);
});

Deno.test("every command of the table loads and explains itself", async () => {
  for (const path of commandPaths(Object.assign({}, ...Object.values(COMMANDS)))) {
    const { code, stdout, stderr } = await ran([...path, "--help"], false, COMMANDS);
    assertEquals([path, code, stderr], [path, 0, ""]);
    // `help --help` is the help of the whole.
    if (path[0] === "help") continue;
    assertTrue(stdout.startsWith(`USAGE\n  funcx-endpoint ${path.join(" ")}`), path.join(" "));
  }
});

function commandPaths(table: CommandSections[string]): string[][] {
  return Object.entries(table).flatMap(([name, entry]) =>
    entry.kind === "group" ? commandPaths(entry.commands).map((path) => [name, ...path]) : [[name]]
  );
}
