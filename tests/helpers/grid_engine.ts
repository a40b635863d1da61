/** A real Grid Engine of one node on this machine; see `tests/extra/sge/cluster.sh`. */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { fromFileUrl } from "../../src/lib/path.ts";
import { freePorts } from "./slurm_cluster.ts";

const SCRIPT = fromFileUrl(new URL("../extra/sge/cluster.sh", import.meta.url));

/** Why there can be none here; undefined when there can. Installs what is missing. */
export async function gridEngineObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it takes root on Linux";
  try {
    await capture(SCRIPT, ["install"]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

/** Ended, with its jobs, when it is disposed of. */
export class GridEngine implements AsyncDisposable {
  /** Absolute. */
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-sge-" });
  readonly #ports = freePorts(2).map(String);

  private constructor() {}

  static async start(): Promise<GridEngine> {
    const engine = new GridEngine();
    try {
      await capture(SCRIPT, ["up", engine.folder, ...engine.#ports]);
      return engine;
    } catch (thrown) {
      await engine[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** For programs that use it. */
  get env(): Readonly<Record<string, string>> {
    const [SGE_QMASTER_PORT, SGE_EXECD_PORT] = this.#ports;
    return { SGE_ROOT: this.folder, SGE_CELL: "default", SGE_QMASTER_PORT, SGE_EXECD_PORT };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await capture(SCRIPT, ["down", this.folder]);
  }
}
