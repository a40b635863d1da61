/** The machine: what it has, the C library, the temporary folder. */
import { siteFacts } from "../../profile/site.ts";
import { runProgram } from "../../lib/run_program.ts";
import { size } from "../format.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";
import { mountOf } from "./mounts.ts";

export async function* machineChecks({ context, name }: Patient): AsyncGenerator<Check> {
  const { env, signal } = context;
  const { hostname, cores, memory, accelerators } = siteFacts(name, env);
  const devices = accelerators.length === 0
    ? "no accelerator"
    : `${accelerators.length} accelerators`;
  yield fine("machine", `${hostname}: ${cores} cores, ${size(memory)} of memory, ${devices}`);
  if (Deno.build.os === "linux") yield await libraryCheck(signal);
  yield temporaryFolderCheck(env("TMPDIR") || "/tmp");
}

const OLDEST_GLIBC = [2, 27];

async function libraryCheck(signal: AbortSignal): Promise<Check> {
  const answer = await runProgram("getconf", ["GNU_LIBC_VERSION"], { signal });
  const version = answer.kind === "answered" ? /glibc (\d+)\.(\d+)/.exec(answer.stdout) : null;
  if (version === null) return fine("glibc", "its version cannot be told");
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const [oldestMajor, oldestMinor] = OLDEST_GLIBC;
  const isRecent = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  const found = `version ${major}.${minor}, ${OLDEST_GLIBC.join(".")} or later is needed`;
  return isRecent
    ? fine("glibc", found)
    : failed("glibc", found, "Use a machine with RHEL 8, Debian 10, Ubuntu 18.04 or later.");
}

function temporaryFolderCheck(folder: string): Check {
  let path: string;
  try {
    path = Deno.realPathSync(folder);
  } catch {
    return failed("temporary folder", `${folder} does not exist`, "Set TMPDIR to one that does.");
  }
  if (!mountOf(path)?.options.includes("noexec")) {
    return fine("temporary folder", `${folder} may hold programs`);
  }
  return warning(
    "temporary folder",
    `${folder} is mounted noexec; this program does not mind, tasks that build programs there do`,
    "Set TMPDIR in executor.environment to a folder that may hold programs.",
  );
}
