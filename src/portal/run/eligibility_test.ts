import { assertEquals } from "../../lib/assert.ts";
import { mostIdle, refusal } from "./eligibility.ts";
import { readOptions } from "./run_options.ts";
import { NO_OPTIONS } from "./run_options.ts";
import { targetOf, textOf } from "./targets.ts";

const fn = { function_uuid: "f", runtime: "python" };

type Candidate = Parameters<typeof mostIdle>[0][number];

function endpoint(
  uuid: string,
  idle: number,
  queued = 0,
  rest: Partial<Candidate> = {},
): Candidate {
  const details = {
    managers: 1,
    total_workers: 8,
    idle_workers: idle,
    pending_tasks: 0,
    outstanding_tasks: 0,
    completed_tasks: 0,
  };
  const status = "online" as const;
  const allowed_functions: string[] | null = null;
  return {
    uuid,
    status,
    runtimes: ["python"],
    allowed_functions,
    details,
    queued_tasks: queued,
    ...rest,
  };
}

Deno.test("an endpoint says why it does not run a function", () => {
  assertEquals(refusal(endpoint("a", 1), fn), undefined);
  assertEquals(
    refusal(endpoint("a", 1, 0, { allowed_functions: ["g"] }), fn),
    "Does not allow this function",
  );
  assertEquals(
    refusal(endpoint("a", 1, 0, { runtimes: ["shell"] }), fn),
    "Has no runtime for python",
  );
  assertEquals(refusal(endpoint("a", 1, 0, { runtimes: [] }), fn), undefined);
});

Deno.test("of a group the active one with most idle workers is taken, then the shortest queue", () => {
  const group = [
    endpoint("busy", 1),
    endpoint("queued", 4, 9),
    endpoint("best", 4, 2),
    endpoint("away", 8, 0, { status: "offline" }),
    endpoint("other", 8, 0, { runtimes: ["shell"] }),
  ];
  assertEquals(mostIdle(group, fn)?.uuid, "best");
  assertEquals(mostIdle([group[3]!], fn), undefined);
});

Deno.test("options are read, and what is wrong is told by field", () => {
  const read = readOptions({
    ...NO_OPTIONS,
    walltime: "60",
    priority: "-5",
    count: "3",
    resources: '{"cores": 2}',
  });
  assertEquals(read.options, {
    walltime_seconds: 60,
    priority: -5,
    max_attempts: undefined,
    resource_specification: { cores: 2 },
    task_group_id: undefined,
  });
  assertEquals(read.count, 3);
  const { wrong } = readOptions({
    walltime: "soon",
    priority: "101",
    attempts: "0",
    resources: "[1]",
    count: "1.5",
    group: "x",
  });
  assertEquals(Object.keys(wrong).sort(), [
    "attempts",
    "count",
    "group",
    "priority",
    "resources",
    "walltime",
  ]);
});

Deno.test("targets stand in addresses", () => {
  for (const text of ["any", "site:b:ä/1", "ae02fa70-2e11-4654-82de-1918d172c927"]) {
    assertEquals(textOf(targetOf(text)!), text);
  }
  assertEquals(targetOf(""), undefined);
});
