import fc from "fast-check";
import { assertEquals, assertThrows } from "../../../lib/assert.ts";
import { fillTemplate, quote } from "./shell_template.ts";

function fill(template: string, keyword: Record<string, unknown> = {}): string {
  return fillTemplate(template, { positional: ["p0"], keyword }).script;
}

Deno.test("a field becomes the expansion of a variable, by how the place is quoted", () => {
  const x = { x: "v" };
  const one = '"${FUNCX_ARGUMENT_x}"';
  assertEquals(fill("echo {x}", x), `echo ${one}`);
  assertEquals(fill('echo "a {x} b"', x), 'echo "a ${FUNCX_ARGUMENT_x} b"');
  assertEquals(fill("echo 'a {x} b'", x), `echo 'a '${one}' b'`);
  assertEquals(fill(`echo "$(cat {x})" {x}`, x), `echo "$(cat ${one})" ${one}`);
  assertEquals(fill(`echo \\" {x}`, x), `echo \\" ${one}`);
  assertEquals(fill(`# don't\necho {x}`, x), `# don't\necho ${one}`);
  assertEquals(fill(`cat <<E\ndon't\nE\necho {x}`, x), `cat <<E\ndon't\nE\necho ${one}`);
  assertEquals(fill("echo {0}"), 'echo "${FUNCX_ARGUMENT_0}"');
});

Deno.test("values are text as it is, others JSON; the text for people has them as words", () => {
  const { variables, text } = fillTemplate("run {s} {n} {l}", {
    positional: [],
    keyword: { s: "it's", n: 1.5, l: [1, "a"] },
  });
  assertEquals(variables, {
    FUNCX_ARGUMENT_s: "it's",
    FUNCX_ARGUMENT_n: "1.5",
    FUNCX_ARGUMENT_l: '[1,"a"]',
  });
  assertEquals(text, `run 'it'\\''s' '1.5' '[1,"a"]'`);
});

Deno.test("double braces are braces, single ones are refused", () => {
  assertEquals(fill("awk '{{print $1}}' ${{HOME}}"), "awk '{print $1}' ${HOME}");
  assertThrows(() => fill("a { b"), /a single { in the template; write {{/);
  assertThrows(() => fill("a } b"), /a single }/);
  assertThrows(() => fill("{not a name}"), /not a field; write {{not a name}}/);
});

Deno.test("a field without a value is refused, also by an inherited name", () => {
  assertThrows(() => fill("{x}"), /no argument x was given/);
  assertThrows(() => fill("{toString}"), /no argument toString/);
  assertThrows(() => fill("{1}"), /1 arguments were given/);
  assertThrows(() => fill("{x}", { x: "a\0b" }), /zero byte/);
});

Deno.test("no script depends on a value", () => {
  const value = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
  fc.assert(fc.property(value, value, (left, right) => {
    const template = `a {x} "b {x}" 'c {x}' $(d {x})`;
    assertEquals(fill(template, { x: left }), fill(template, { x: right }));
  }));
});

Deno.test("a quoted word is one word", () => {
  assertEquals(quote("a'b"), `'a'\\''b'`);
});
