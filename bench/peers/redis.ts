/** A Redis server of a peer, on a free port of this machine and with a folder of its own. */
import { join } from "../../src/lib/path.ts";
import { until } from "../../tests/helpers/until.ts";
import { debianEnvironment } from "./install.ts";

/** As it comes: snapshots now and then. */
export const SNAPSHOTS: readonly string[] = [];
/** Every write is synced before it is answered, as this program's are. */
export const SYNCED: readonly string[] = ["--appendonly", "yes", "--appendfsync", "always"];

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * @param packages the folder into which Debian's Redis was unpacked
 * @param folder for its data
 */
export async function startRedis(
  packages: string,
  folder: string,
  persistence: readonly string[],
): Promise<RedisServer> {
  const port = freePort();
  const data = Deno.makeTempDirSync({ dir: folder });
  const child = new Deno.Command(join(packages, "root", "usr", "bin", "redis-server"), {
    args: ["--port", String(port), "--bind", "127.0.0.1", "--dir", data, ...persistence],
    env: debianEnvironment(packages),
    stdin: "null",
    stdout: "null",
  }).spawn();
  await until("Redis", () => answers(port));
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.ConnectionRefused) return false;
    throw thrown;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
