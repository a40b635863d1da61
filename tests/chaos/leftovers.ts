/** What a polite stop may not leave behind: processes, sockets, locks, temporary files. */
import { filesUnder } from "../../scripts/build/bundle.ts";
import { relative } from "../../src/lib/path.ts";
import type { TestEnv } from "../helpers/test_env.ts";

/** What belongs into `~/.funcx` while nothing runs. */
const LASTING = [
  /^\.funcx\/(login|default\/endpoint|service\/identity)\.json$/,
  /^\.funcx\/(default\/config\.ts|profile\.d\.ts|deno\.json|tsconfig\.json)$/,
  /^\.funcx\/(default\/spool|service\/service)\.db$/,
  /^\.funcx\/\w+\/logs\/\w+\.(log|out)(\.\d+)?$/,
  // What tasks that are kept refer to, and copies of it for those to come, as far as they came.
  /^\.funcx\/service\/blobs\/\d+\/[0-9a-f]{2}\/[0-9a-f]{62}$/,
  /^\.funcx\/default\/blobs\/arguments\/[0-9a-f]{64}(\.file)?(\.part)?$/,
  // Deno's, as when it runs any program.
  /^\.cache\/deno\//,
  // What was moved away by a hint.
  /\.damaged(-wal|-journal)?$/,
];

export async function leftovers(env: TestEnv): Promise<string[]> {
  const processes = await env.noProcessIsLeft().then(() => [], (thrown: Error) => [thrown.message]);
  const files = ["run", "tmp", "home"].flatMap((folder) => filesUnder(`${env.root}/${folder}`))
    .map((path) => relative(env.home, path))
    .filter((path) => !LASTING.some((pattern) => pattern.test(path)));
  return [...processes, ...files.map((path) => `the file ${path}`)];
}
