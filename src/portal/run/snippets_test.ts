import fc from "fast-check";
import { assertEquals } from "../../lib/assert.ts";
import { argumentWord, type Call, commandOf, pythonLiteral, shellWord } from "./snippets.ts";

const CALL: Call = {
  url: "http://127.0.0.1:5000",
  functionId: "f0000000-0000-4000-8000-000000000000",
  functionName: "f",
  endpointId: "e0000000-0000-4000-8000-000000000000",
  args: [],
  kwargs: {},
  options: {},
};

/** No shell can hand over a NUL, and arguments of a process are UTF-8. */
const word = fc.string({ unit: "grapheme" }).filter((text) =>
  !text.includes("\0") && text.isWellFormed()
);
const hostile = fc.constantFrom("'", "$(x)", "`x`", "\\", '"', "!", "\n", "-n", "*", "~", "#", ";");
const text = fc.oneof(word, fc.array(fc.oneof(word, hostile)).map((parts) => parts.join("")));

Deno.test("a shell hands over what was quoted, whatever it is", () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (words) => {
      const script = `printf '%s\\0' ${words.map(shellWord).join(" ")}`;
      assertEquals(output("sh", ["-c", script]).split("\0").slice(0, -1), words);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a command line brings back the arguments that it was made of", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.jsonValue(), text), { maxLength: 5 }), (args) => {
      const words = args.map(argumentWord);
      assertEquals(words.map(asCommandLine), JSON.parse(JSON.stringify(args)));
    }),
  );
});

Deno.test("text that looks like JSON stays text", () => {
  assertEquals(argumentWord("7"), '"7"');
  assertEquals(argumentWord("null"), '"null"');
  assertEquals(argumentWord("seven"), "seven");
});

Deno.test("arguments that begin with a dash are no options", () => {
  const { text: command } = commandOf({ ...CALL, args: [-1, "a b"], kwargs: { k: "it's" } });
  assertEquals(
    command,
    `funcx-endpoint run -e ${CALL.endpointId} --kwargs '{"k":"it'\\''s"}' -- ${CALL.functionId} -1 'a b'`,
  );
});

Deno.test("what the command has no option for is named", () => {
  const { text: command, unsaid } = commandOf({
    ...CALL,
    options: { priority: -5, walltime_seconds: 10 },
  });
  assertEquals(unsaid, ["walltime_seconds"]);
  assertEquals(command.includes("--priority=-5"), true);
});

const hasPython = await new Deno.Command("python3", { args: ["-c", ""], stderr: "null" })
  .output().then(({ success }) => success, () => false);

Deno.test("Python reads the values that were written for it", { ignore: !hasPython }, () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const script = "import json, sys\nprint(json.dumps(eval(sys.stdin.read())))";
      const found: unknown = JSON.parse(output("python3", ["-c", script], pythonLiteral(value)));
      assertEquals(found, JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 15 },
  );
});

/** As `run` reads a word. */
function asCommandLine(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    return words;
  }
}

function output(program: string, args: string[], input = ""): string {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, input);
    const redirect = 'exec "$@" < "$0"';
    const { stdout } = new Deno.Command("sh", { args: ["-c", redirect, file, program, ...args] })
      .outputSync();
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout);
  } finally {
    Deno.removeSync(file);
  }
}
