/**
 * `deno task compile [--target NAME]…` makes `dist/funcx-endpoint`, or `dist/funcx-endpoint-NAME`
 * for another machine. It asks `deno compile` first; where Deno's base runtime cannot be downloaded
 * it makes the portable executable, and says so.
 */
import { parseArgs } from "node:util";
import { capture } from "./build/command.ts";
import { bundleInto, quickToStart, readFiles } from "./build/bundle.ts";
import { npmPackageFolder } from "./build/npm_package.ts";
import { bundlePortal } from "./build/portal.ts";
import { portableExecutable } from "./build/portable.ts";
import { findTarget, hostTarget, type Target, TARGETS } from "./build/targets.ts";
import { fromFileUrl, join, relative } from "../src/lib/path.ts";
import { messageOf } from "../src/lib/outcome.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const DIST = join(ROOT, "dist");

/** How long Deno's download site may take to answer before it counts as out of reach. */
const DOWNLOAD_SITE_TIMEOUT = 5_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string", multiple: true },
      portable: { type: "boolean", default: false },
    },
  });
  for (const name of values.target ?? [Deno.build.target]) {
    const target = findTarget(name);
    if (target === undefined) {
      console.error(
        `No target ${name}; there are ${TARGETS.map((target) => target.name).join(", ")}`,
      );
      return 64;
    }
    await build(target, values.portable);
  }
  return 0;
}

async function build(target: Target, portable: boolean): Promise<void> {
  const name = target === hostTarget() ? "funcx-endpoint" : `funcx-endpoint-${target.name}`;
  const output = join(DIST, name);
  const folder = join(DIST, "cache", `bundle-${Deno.pid}-${target.name}`);
  Deno.mkdirSync(folder, { recursive: true });
  try {
    await bundleInto(ROOT, folder);
    await bundlePortal(ROOT, join(folder, "portal"));
    await addLibsqlAddon(target, folder);
    const obstacle = portable ? "as asked" : await compile(target, folder, output);
    if (obstacle !== undefined) {
      console.log(`Making the portable executable for ${target.name}: ${obstacle}`);
      await makePortable(target, folder, output);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  const size = (Deno.statSync(output).size / 1e6).toFixed(1);
  console.log(`${relative(ROOT, output)}  ${size} MB`);
}

/** Puts what libSQL loads by a computed name where it is looked for. */
async function addLibsqlAddon(target: Target, folder: string): Promise<void> {
  const manifest: { version: string } = JSON.parse(
    Deno.readTextFileSync(join(ROOT, "node_modules", "libsql", "package.json")),
  );
  const source = await npmPackageFolder(target.libsqlPackage, manifest.version);
  const destination = join(folder, "node_modules", target.libsqlPackage);
  Deno.mkdirSync(destination, { recursive: true });
  for (const name of ["package.json", "index.node"]) {
    Deno.copyFileSync(join(source, name), join(destination, name));
  }
}

/** Returns why `deno compile` cannot be had here, or undefined when the file was made. */
async function compile(
  target: Target,
  folder: string,
  output: string,
): Promise<string | undefined> {
  if (Deno.env.get("DENORT_BIN") === undefined && !await downloadSiteAnswers()) {
    return "Deno's base runtime cannot be downloaded here";
  }
  const temporary = `${output}.${Deno.pid}`;
  try {
    await capture(Deno.execPath(), [
      "compile",
      "--quiet",
      "--no-check",
      "--no-config",
      "--no-lock",
      "-A",
      "--no-prompt",
      "--unstable-worker-options",
      // libSQL's add-on is loaded from disk, and /tmp, where Deno would put it, may be noexec.
      "--self-extracting",
      `--target=${target.triple}`,
      "--include=.",
      `--output=${temporary}`,
      "main.js",
    ], { cwd: folder });
    Deno.renameSync(temporary, output);
    return undefined;
  } catch (thrown) {
    if (/base binary|denort/i.test(messageOf(thrown))) {
      return "Deno's base runtime cannot be downloaded here";
    }
    throw thrown;
  }
}

async function downloadSiteAnswers(): Promise<boolean> {
  try {
    const answer = await fetch("https://dl.deno.land/release-latest.txt", {
      signal: AbortSignal.timeout(DOWNLOAD_SITE_TIMEOUT),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

async function makePortable(
  target: Target,
  folder: string,
  output: string,
): Promise<void> {
  const parts = portableExecutable({
    target,
    deno: await denoBinary(target),
    files: quickToStart(readFiles(folder)),
    cacheFolder: join(DIST, "cache"),
  });
  // A running copy keeps the old file; a reader never sees half of the new one.
  const temporary = `${output}.${Deno.pid}`;
  {
    using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    for (const part of parts) {
      for (let written = 0; written < part.length;) {
        written += file.writeSync(part.subarray(written));
      }
    }
  }
  Deno.chmodSync(temporary, 0o755);
  Deno.renameSync(temporary, output);
}

/** Deno's binary for the target: the running one, or the npm package of the same version. */
async function denoBinary(target: Target): Promise<string> {
  if (target === hostTarget()) return Deno.execPath();
  const wanted = Deno.version.deno;
  try {
    return join(await npmPackageFolder(target.denoPackage, wanted), "deno");
  } catch (thrown) {
    if (!/Could not find npm package/.test(messageOf(thrown))) throw thrown;
  }
  // Not every mirror has every platform of the newest patch version.
  const folder = await npmPackageFolder(
    target.denoPackage,
    wanted.replace(/^(\d+\.\d+)\..*/, "~$1.0"),
  );
  console.log(`npm has no ${target.denoPackage}@${wanted}; took ${folder.split("/").at(-1)}`);
  return join(folder, "deno");
}

Deno.exitCode = await main();
