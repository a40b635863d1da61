/** Which mpiexec a node has, where workers run. */
import { runProgram } from "../../lib/run_program.ts";
import type { MpiexecKind } from "./launch_words.ts";

/** A module system on a busy file server takes some seconds. */
const PATIENCE = 60_000;

/**
 * @param workerInit shell lines that may change which one it is
 * @returns what most sites have, where there is none: then the launch itself says so
 */
export async function mpiexecKind(
  workerInit: string,
  environment: Readonly<Record<string, string>>,
): Promise<MpiexecKind> {
  const script = `${workerInit}\nmpiexec --version 2>&1`;
  const options = { env: environment, clearEnv: true, patience: PATIENCE };
  const answer = await runProgram("/bin/sh", ["-c", script], options);
  const text = answer.kind === "answered" ? answer.stdout : answer.ended?.stdout ?? "";
  return /Open MPI|OpenRTE|PRRTE/.test(text) ? "openmpi" : "mpich";
}
