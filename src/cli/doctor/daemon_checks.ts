/** The endpoint's daemon: who holds its lock, and what it says of itself. */
import { EndpointDir } from "../../endpoint/endpoint_dir.ts";
import { readIfPresent } from "../../lib/files.ts";
import { standingOf } from "../../lib/process_identity.ts";
import { lockHolder } from "../../lib/process_lock.ts";
import { agentStatus, standingOfState } from "../endpoints.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";

export async function* daemonChecks(patient: Patient): AsyncGenerator<Check> {
  const { context, name } = patient;
  const { lockFile } = new EndpointDir(context.home, name);
  const holder = lockHolder(lockFile);
  if (holder === undefined) {
    yield fine(
      "lock",
      readIfPresent(lockFile) === undefined
        ? `free, ${name} does not run`
        : `left behind by a process that is gone; \`start\` takes it over`,
    );
    return;
  }
  const { hostname, pid } = holder;
  if (standingOf(holder) === "elsewhere") {
    yield warning(
      "lock",
      `held on ${hostname} (pid ${pid}), where ${name} runs`,
      `Work on ${hostname}, or stop it there: ssh ${hostname} funcx-endpoint stop ${name}.`,
    );
    return;
  }
  yield fine("lock", `held by pid ${pid} of this host`);
  yield await answerCheck(patient, pid);
}

async function answerCheck({ context, name }: Patient, pid: number): Promise<Check> {
  const status = await agentStatus(context, name);
  const restart = `funcx-endpoint restart ${name}`;
  if (status === undefined) {
    return failed(
      "daemon",
      `pid ${pid} does not answer on its control socket`,
      `Try \`${restart}\`.`,
    );
  }
  const standing = standingOfState(status.state);
  const { problem } = status;
  if (problem === null) return fine("daemon", `${name} is ${standing}`);
  const message = `${name} is ${standing}: ${problem.message}`;
  return failed("daemon", message, problem.hint ?? `See \`funcx-endpoint logs ${name}\`.`);
}
