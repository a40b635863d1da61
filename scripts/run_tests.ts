/**
 * `deno task test [PATH…]` runs the unit tests and the process tests with the built program, which
 * it builds when sources are newer. `deno task test:NAME` runs the tests in `tests/extra/NAME`,
 * which need more than npm. The last line is `N passed, N failed`, with `, N skipped` if any.
 */
import { filesUnder } from "./build/bundle.ts";
import { buildWhenStale } from "./build/stale.ts";
import { fromFileUrl, join, relative } from "../src/lib/path.ts";
import { PYTHON } from "../tests/helpers/python.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

async function main(args: readonly string[]): Promise<number> {
  if (PYTHON === undefined) {
    console.log("There is no python3 here: tests that need it are skipped.");
  }
  await buildWhenStale(ROOT);
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const paths of chosenRuns(args)) {
    const result = await runTests(paths);
    totals.passed += result.passed;
    totals.failed += result.failed;
    totals.skipped += result.skipped;
  }
  const skipped = totals.skipped === 0 ? "" : `, ${totals.skipped} skipped`;
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  return totals.failed === 0 && totals.passed + totals.skipped > 0 ? 0 : 1;
}

function chosenRuns(args: readonly string[]): (readonly string[])[] {
  return args.length > 0 ? [args] : [["src", "scripts", "bench"], processTestFiles()];
}

/** All but those of `test:NAME`. */
function processTestFiles(): string[] {
  return filesUnder(join(ROOT, "tests"))
    .map((path) => relative(ROOT, path))
    .filter((path) => path.endsWith("_test.ts") && !path.startsWith(join("tests", "extra")));
}

async function runTests(paths: readonly string[]): Promise<Totals> {
  const home = Deno.makeTempDirSync({ prefix: "funcx-test-home-" });
  const report = join(home, "report.xml");
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--quiet",
        "-A",
        // Types are checked by `deno task check`.
        "--no-check",
        "--no-prompt",
        `--junit-path=${report}`,
        ...paths,
      ],
      cwd: ROOT,
      // Nothing that a test does by mistake reaches the user's own endpoints.
      env: { FUNCX_USER_DIR: join(home, ".funcx") },
      stdin: "null",
    }).spawn().status;
    const totals = readReport(report);
    if (code !== 0 && totals.failed === 0) totals.failed = 1;
    return totals;
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

/** Counts test cases; a file that could not be loaded is a case that failed. */
function readReport(path: string): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return totals;
    throw thrown;
  }
  for (const suite of text.matchAll(/<testsuite [^>]*>/g)) {
    const count = (name: string): number =>
      Number(new RegExp(` ${name}="(\\d+)"`).exec(suite[0])?.[1] ?? 0);
    const failed = count("failures") + count("errors");
    totals.failed += failed;
    totals.skipped += count("disabled");
    totals.passed += count("tests") - failed - count("disabled");
  }
  return totals;
}

Deno.exitCode = await main(Deno.args);
