/**
 * Files of npm packages that are built for another machine than this one. Deno's own npm client
 * fetches them into its cache, so registry and credentials are those that are configured for it.
 */
import { join } from "../../src/lib/path.ts";
import { capture } from "./command.ts";

/** The folder of the unpacked package. Throws what Deno says when there is no such version. */
export async function npmPackageFolder(name: string, version: string): Promise<string> {
  // The host's own packages are in the cache already; asking the registry again takes a second.
  const cached = await cachedFolder(name, version);
  if (cached !== undefined) return cached;
  await capture(Deno.execPath(), [
    "cache",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--node-modules-dir=none",
    "--min-dep-age=0",
    `npm:${name}@${version}`,
  ]);
  const folder = await cachedFolder(name, version);
  if (folder === undefined) throw new Error(`Deno did not put ${name}@${version} into its cache`);
  return folder;
}

/** Looks through the cache's folders, one for each registry. */
async function cachedFolder(name: string, version: string): Promise<string | undefined> {
  const info: { npmCache: string } = JSON.parse(
    await capture(Deno.execPath(), ["info", "--json", "--no-config"]),
  );
  try {
    for (const registry of Deno.readDirSync(info.npmCache)) {
      const packageFolder = join(info.npmCache, registry.name, name);
      const folder = newestMatch(packageFolder, version);
      if (folder !== undefined) return folder;
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  return undefined;
}

/** `version` is exact, or `~major.minor.0`. */
function newestMatch(packageFolder: string, version: string): string | undefined {
  const prefix = version.startsWith("~") ? version.slice(1).replace(/0$/, "") : undefined;
  try {
    const matching = [...Deno.readDirSync(packageFolder)]
      .filter((entry) => entry.isDirectory)
      .map((entry) => entry.name)
      .filter((found) => prefix === undefined ? found === version : found.startsWith(prefix))
      .sort((left, right) => left.localeCompare(right, undefined, { numeric: true }));
    const newest = matching.at(-1);
    return newest === undefined ? undefined : join(packageFolder, newest);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
