import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { allowsPlainCommands, programFile } from "./plain_command.ts";
import { fillTemplate } from "./shell_template.ts";

function words(template: string, ...positional: unknown[]): readonly string[] | null {
  return fillTemplate(template, { positional, keyword: {} }).words;
}

Deno.test("a command is plain when a shell would only split it into words", () => {
  assertEquals(words("/bin/true"), ["/bin/true"]);
  assertEquals(words("  a \t-b  c=d,e%@ "), ["a", "-b", "c=d,e%@"]);
  assertEquals(words("a {0} x{1}y {0}{1}", "$(b) ;'", ""), ["a", "$(b) ;'", "xy", "$(b) ;'"]);
  assertEquals(words("a {0} b", ""), ["a", "", "b"]);
  for (const other of "\n;&|<>()$`\\\"'*?[]#~!^{}") {
    const written = other === "{" || other === "}" ? other.repeat(2) : other;
    assertTrue(words(`a b${written} c`) === null, other);
  }
  assertEquals(words(" "), null);
});

Deno.test("the program is looked for as a shell does; what shells do themselves is left to them", () => {
  const find = (word: string, path = "/a:/b"): string | null =>
    programFile(word, path, (file) => file === "/b/tool" || file === "/b/echo");
  assertEquals(find("tool"), "/b/tool");
  assertEquals(find("/x/tool"), "/x/tool");
  for (const word of ["echo", "cd", "if", "./tool", "x/tool", "A=b", "other"]) {
    assertTrue(find(word) === null, word);
  }
  assertEquals(find("tool", ".:/b"), null);
  assertEquals(find("tool", ""), null);
});

Deno.test("worker_init and functions of bash in the environment keep the shell", () => {
  assertEquals(allowsPlainCommands({ workerInit: " \n", environment: { PATH: "/bin" } }), true);
  assertEquals(allowsPlainCommands({ workerInit: "module load x", environment: {} }), false);
  for (const name of ["BASH_ENV", "BASH_FUNC_true%%"]) {
    assertEquals(allowsPlainCommands({ workerInit: "", environment: { [name]: "x" } }), false);
  }
});
