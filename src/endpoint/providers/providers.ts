/** The provider that a profile names. */
import type { BlockProvider } from "../../profile/resolved_provider.ts";
import { execProvider } from "./exec.ts";
import { htcondorProvider } from "./htcondor.ts";
import { kubernetesProvider } from "./kubernetes.ts";
import { lsfProvider } from "./lsf.ts";
import { pbsProvider } from "./pbs.ts";
import type { Provider } from "./provider.ts";
import { commandRunner } from "./scheduler_command.ts";
import { sgeProvider } from "./sge.ts";
import { slurmProvider } from "./slurm.ts";

/** @param env added to the environment of the scheduler's programs, for tests */
export function makeProvider(
  settings: BlockProvider,
  env?: Readonly<Record<string, string>>,
): Provider {
  const run = commandRunner({ seconds: settings.commandSeconds, env });
  switch (settings.type) {
    case "slurm":
      return slurmProvider(settings, run);
    case "pbs":
      return pbsProvider(settings, run);
    case "lsf":
      return lsfProvider(settings, run);
    case "sge":
      return sgeProvider(settings, run);
    case "htcondor":
      return htcondorProvider(settings, run);
    case "kubernetes":
      return kubernetesProvider(settings, run);
    case "exec":
      return execProvider(settings, run);
  }
}
