/** A real Slurm of some nodes on this machine; see `tests/extra/slurm/cluster.sh`. */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { fromFileUrl } from "../../src/lib/path.ts";

const SCRIPT = fromFileUrl(new URL("../extra/slurm/cluster.sh", import.meta.url));

/** Why there can be none here; undefined when there can. Installs what is missing. */
export async function slurmObstacle(withMpi = false): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it takes root on Linux";
  try {
    await capture(SCRIPT, ["install"]);
    if (withMpi) await capture(SCRIPT, ["install-mpi"]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

/** Ended, with its jobs, when it is disposed of. */
export class SlurmCluster implements AsyncDisposable {
  /** Absolute; where its nodes' files are. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(nodes: number): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(Deno.makeTempDirSync({ prefix: "funcx-slurm-" }));
    try {
      await capture(SCRIPT, ["up", cluster.folder, ...freePorts(nodes + 1).map(String)]);
      return cluster;
    } catch (thrown) {
      await cluster[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** For programs that use it. */
  get env(): Readonly<Record<string, string>> {
    return { SLURM_CONF: `${this.folder}/slurm.conf` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await capture(SCRIPT, ["down", this.folder]);
  }
}

/** Free at this moment. */
export function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
