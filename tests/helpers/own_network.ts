/** A network of its own for a test's processes, so that any port is free in it; Linux and root only. */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { PYTHON } from "./python.ts";

/** Brings the loopback up, as `ip link set lo up` does where there is an `ip`. */
const LOOPBACK_UP_PY = `
import fcntl, socket, struct
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    request = struct.pack("16sH14x", b"lo", 0)
    flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
`;

/** With a loopback and nothing else. A mounted file holds it until it is disposed of. */
export class OwnNetwork implements AsyncDisposable {
  /** Words before a command that shall run in it. */
  readonly enter: readonly string[];
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
    this.enter = ["/usr/bin/nsenter", `--net=${file}`, "--"];
  }

  static async open(): Promise<OwnNetwork> {
    const file = Deno.makeTempFileSync({ prefix: "funcx-test-net-" });
    try {
      const up = [PYTHON ?? "python3", "-c", LOOPBACK_UP_PY];
      await capture("/usr/bin/unshare", [`--net=${file}`, "--", ...up]);
      return new OwnNetwork(file);
    } catch (thrown) {
      Deno.removeSync(file);
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await capture("umount", [this.#file]);
    Deno.removeSync(this.#file);
  }
}

/** Why no network can be made here; undefined when it can. */
export async function networkObstacle(): Promise<string | undefined> {
  if (PYTHON === undefined) return "there is no python3";
  try {
    await using _ = await OwnNetwork.open();
    return undefined;
  } catch (thrown) {
    return `a network of its own needs root: ${messageOf(thrown).split("\n").at(-1)}`;
  }
}
