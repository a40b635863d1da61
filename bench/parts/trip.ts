/**
 * Where one task at a time spends its time: the round trip, and for each process of the path, by
 * thread, processor time and how often it was woken, per trip.
 *
 *   deno run -A bench/parts/trip.ts [trips] [warm-up]
 *
 * The processes are named by pid first, so that `strace` or `perf` can look at them meanwhile.
 */
import { Executor } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { processTree, threadUses } from "../process_usage.ts";
import { median, quantile } from "../statistics.ts";
import { timed } from "../timing.ts";

const trips = Number(Deno.args[0] ?? 1_000);
const warmUp = Number(Deno.args[1] ?? 500);

/** By what to call them: processor milliseconds, and turns on a processor. */
type Uses = Map<string, { milliseconds: number; turns: number }>;

function uses(names: ReadonlyMap<number, string>): Uses {
  const found: Uses = new Map();
  for (const [pid, name] of names) {
    for (const { thread, milliseconds, turns } of threadUses(pid)) {
      const key = `${name}: ${thread}`;
      const sum = found.get(key) ?? { milliseconds: 0, turns: 0 };
      found.set(key, {
        milliseconds: sum.milliseconds + milliseconds,
        turns: sum.turns + turns,
      });
    }
  }
  return found;
}

await using deployment = await Deployment.start();
const client = await deployment.client();
const { id } = await deployment.status();
const { functionId } = await client.register(NO_OP.typescript);
await using executor = new Executor(client, id);
const trip = (): PromiseLike<unknown> => executor.submit(functionId, 1);
await timed(warmUp, trip);

const [service, agent] = [await deployment.servicePid(), await deployment.agentPid()];
const names = new Map([[Deno.pid, "client"], [service, "service"], [agent, "agent"]]);
for (const pid of processTree(agent)) if (pid !== agent) names.set(pid, "worker side");
console.log([...names].map(([pid, name]) => `${name} ${pid}`).join(", "));

const before = uses(names);
const times = await timed(trips, trip);
const after = uses(names);

const quantiles = [0.9, 0.99, 1].map((fraction) => quantile(times, fraction).toFixed(2));
console.log(
  `p50 ${median(times).toFixed(2)} ms, p90, p99 and most ${quantiles.join(", ")} ms`,
);
const rows = [...after].map(([name, { milliseconds, turns }]) => ({
  name,
  "ms/trip": (milliseconds - (before.get(name)?.milliseconds ?? 0)) / trips,
  "turns/trip": (turns - (before.get(name)?.turns ?? 0)) / trips,
})).filter((row) => row["turns/trip"] > 0.02);
for (const row of rows.toSorted((left, right) => right["ms/trip"] - left["ms/trip"])) {
  console.log(
    `${row.name.padEnd(32)} ${row["ms/trip"].toFixed(3).padStart(8)} ms ` +
      `${row["turns/trip"].toFixed(2).padStart(8)} turns`,
  );
}
for (const process of new Set(names.values())) {
  const sum = rows.filter(({ name }) => name.startsWith(`${process}:`))
    .reduce((total, row) => total + row["ms/trip"], 0);
  console.log(`${process.padEnd(32)} ${sum.toFixed(3).padStart(8)} ms in all`);
}
