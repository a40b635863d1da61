import { EXIT } from "../../contract/errors.ts";
import { type ExplainedProfile, explainProfile } from "../../profile/resolve.ts";
import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { type Check, failed, fine, type Patient, warning } from "../doctor/check.ts";
import { daemonChecks } from "../doctor/daemon_checks.ts";
import { folderChecks } from "../doctor/folder_checks.ts";
import { machineChecks } from "../doctor/machine_checks.ts";
import { managerChecks } from "../doctor/manager_checks.ts";
import { runtimeChecks } from "../doctor/runtime_checks.ts";
import { schedulerChecks } from "../doctor/scheduler_checks.ts";
import { serviceChecks } from "../doctor/service_checks.ts";
import { endpointName } from "../endpoints.ts";
import type { Style } from "../output/output.ts";
import { oneLine } from "../output/style.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";

export const command = defineCommand<Record<never, never>, [name?: string]>({
  description:
    "Looks at folders, disk, profile, daemon, service, interpreters, schedulers and how managers " +
    "reach the agent, and says how to mend what is wrong. Exit code 0 when nothing failed, warnings or not; else 1.",
  parameters: { positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] } },
  run: async (context, _flags, nameOrId) => {
    const { home, output } = context;
    const name = endpointName(home, nameOrId);
    const counts = { ok: 0, warning: 0, failed: 0 };
    for await (const check of allChecks(context, name, nameOrId !== undefined)) {
      counts[check.status] += 1;
      output.item(check, (style) => checkText(check, style));
    }
    output.note(summaryOf(counts));
    return counts.failed === 0 ? EXIT.ok : EXIT.failed;
  },
});

async function* allChecks(
  context: CliContext,
  name: string,
  isNamed: boolean,
): AsyncGenerator<Check> {
  const { check, profile } = await profileCheck(context, name, isNamed);
  const patient: Patient = { context, name, profile };
  yield* folderChecks(patient);
  yield check;
  yield* daemonChecks(patient);
  yield* serviceChecks(patient);
  yield* runtimeChecks(patient);
  yield* machineChecks(patient);
  yield* schedulerChecks(patient);
  yield* managerChecks(patient);
}

interface ProfileChecked {
  readonly check: Check;
  readonly profile: ExplainedProfile["profile"] | undefined;
}

/** That there is no profile yet is no failure, unless it was asked for by name. */
async function profileCheck(
  { home, env }: CliContext,
  name: string,
  isNamed: boolean,
): Promise<ProfileChecked> {
  const explained = await explainProfile({ home, name, env });
  if (explained.kind === "ok") {
    const { profile, file } = explained.value;
    return { check: fine("profile", `${file} is valid`), profile };
  }
  const { code, message, hint = "Run `funcx-endpoint validate`." } = explained.failure;
  const isMissing = code === "PROFILE_NOT_FOUND" && !isNamed;
  return { check: (isMissing ? warning : failed)("profile", message, hint), profile: undefined };
}

const STATUS_WIDTH = "warning".length;
const NAME_WIDTH = "temporary folder".length;

function checkText({ name, status, message, mend }: Check, style: Style): string {
  const paint = { ok: style.green, warning: style.yellow, failed: style.red }[status];
  const line = `${paint(status.padEnd(STATUS_WIDTH))}  ${name.padEnd(NAME_WIDTH)}  ${
    oneLine(message)
  }`;
  if (mend === undefined) return line;
  return `${line}\n${" ".repeat(STATUS_WIDTH + NAME_WIDTH + 4)}mend: ${oneLine(mend)}`;
}

function summaryOf({ ok, warning, failed }: Record<Check["status"], number>): string {
  const warnings = warning === 1 ? "1 warning" : `${warning} warnings`;
  return `\n${ok} ok, ${warnings}, ${failed} failed`;
}
