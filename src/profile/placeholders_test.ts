import { assertEquals, assertMatch } from "../lib/assert.ts";
import { checkFilledProfile, meaningOf, placeholdersIn, withFilled } from "./placeholders.ts";

Deno.test("placeholders are found wherever they stand in a provider's values", () => {
  const provider = {
    type: "slurm",
    account: "<ACCOUNT>",
    partition: "cpu",
    launcher: { type: "srun", options: ["-c", "<CORES>"] },
    schedulerOptions: '+ProjectName = "<PROJECT_NAME>"',
  };
  assertEquals(placeholdersIn({ executor: { provider } }), [
    { key: "executor.provider.account", name: "ACCOUNT" },
    { key: "executor.provider.launcher.options.1", name: "CORES" },
    { key: "executor.provider.schedulerOptions", name: "PROJECT_NAME" },
  ]);
});

Deno.test("what only looks like one is left alone", () => {
  const values = ["<account>", "sort <IN", "a <<EOF\nb\nEOF", "<>", "a < B > c"];
  assertEquals(placeholdersIn({ executor: { provider: { values } } }), []);
  assertEquals(placeholdersIn({ description: "<NAME>", executor: { workerInit: "<NAME>" } }), []);
  for (const nothing of [undefined, null, 3, {}, { executor: null }, { executor: [] }]) {
    assertEquals(placeholdersIn(nothing), []);
  }
});

Deno.test("each has words for people", () => {
  assertEquals(meaningOf("ACCOUNT"), "the account or project that is charged");
  assertEquals(meaningOf("DISKS_PER_NODE"), "disks per node");
});

Deno.test("filling one in changes a copy, wherever it stands, whatever the text", () => {
  const provider = {
    type: "slurm" as const,
    account: "<A>",
    maxBlocks: 3,
    launcher: { type: "srun" as const, overrides: ["x", "<A>:<B>"] },
  };
  const text = "$& <B>";
  const filled = withFilled({ public: true, executor: { prefetch: 1, provider } }, "A", text);
  const launcher = { type: "srun" as const, overrides: ["x", `${text}:<B>`] };
  assertEquals(filled, {
    public: true,
    executor: { prefetch: 1, provider: { ...provider, account: text, launcher } },
  });
  assertEquals(provider.account, "<A>");
});

Deno.test("a profile with a placeholder is refused, with key, line and mend", () => {
  const source =
    'export default {\n  executor: {\n    provider: {\n      type: "<TYPE>",\n    },\n  },\n};';
  const checked = checkFilledProfile(
    { executor: { provider: { type: "<TYPE>" } }, public: 1 },
    source,
  );
  const problems = "problems" in checked ? checked.problems : [];
  assertEquals(problems.map(({ key, line, found }) => [key, line, found]), [
    ["executor.provider.type", 4, "the placeholder <TYPE>"],
    ["public", undefined, "1"],
  ]);
  assertMatch(problems[0].mend, /in place of <TYPE>/);
});
