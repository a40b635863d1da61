/**
 * `deno task test [PATH…]` runs the unit tests and the process tests with the built program, which
 * it builds when sources are newer. `deno task test:NAME` runs the tests in `tests/extra/NAME`,
 * which need more than npm. The last line is `N passed, N failed`, with `, N skipped` if any.
 *
 * With `CI=true`, few tests that failed are run once more, since a shared machine can be stopped for
 * longer than a test waits. What passes only then is named as UNSTEADY: it is to be mended, but tells
 * nothing of the change. What fails twice has failed.
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

interface Report extends Totals {
  /** Names of tests, not of their steps. */
  readonly failures: readonly string[];
}

/** More do not fail by accident. */
const MAX_TESTS_AGAIN = 3;

async function main(args: readonly string[]): Promise<number> {
  if (PYTHON === undefined) {
    console.log("There is no python3 here: tests that need it are skipped.");
  }
  await buildWhenStale(ROOT);
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const paths of chosenRuns(args)) {
    const result = await settled(paths, await runTests(paths));
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

/** What counts of a run: on CI, few tests get another try. */
async function settled(paths: readonly string[], first: Report): Promise<Totals> {
  const { failures } = first;
  const again = Deno.env.get("CI") === "true" && failures.length > 0 &&
    failures.length <= MAX_TESTS_AGAIN;
  if (!again) return first;
  const names = failures.map((name) => name.replace(/[.*+?()[\]{}|^$\\]/g, "\\$&"));
  const second = await runTests(paths, [`--filter=/^(?:${names.join("|")})$/`]);
  if (second.failed > 0 || second.passed < failures.length) return first;
  for (const name of failures) console.log(`UNSTEADY: ${name}`);
  return { ...first, passed: first.passed + first.failed, failed: 0 };
}

async function runTests(
  paths: readonly string[],
  options: readonly string[] = [],
): Promise<Report> {
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
        "--preload=scripts/test_time_limit.ts",
        `--junit-path=${report}`,
        ...options,
        ...paths,
      ],
      cwd: ROOT,
      // Nothing that a test does by mistake reaches the user's own endpoints.
      env: { FUNCX_USER_DIR: join(home, ".funcx") },
      stdin: "null",
    }).spawn().status;
    const result = readReport(report);
    if (code !== 0 && result.failed === 0) result.failed = 1;
    return result;
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

/** Counts test cases; a file that could not be loaded is a case that failed. */
function readReport(path: string): Report {
  const failures: string[] = [];
  const totals = { passed: 0, failed: 0, skipped: 0, failures };
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
  for (const [, name] of text.matchAll(/<testcase name="([^"]*)"[^>]*>\s*<(?:failure|error)/g)) {
    if (!name!.includes(" &gt; ")) failures.push(unescaped(name!));
  }
  return totals;
}

function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = {
    lt: "<",
    gt: ">",
    quot: '"',
    amp: "&",
    apos: "'",
  };
  return text.replace(/&(\w+);/g, (whole, name) => named[name] ?? whole);
}

Deno.exitCode = await main(Deno.args);
