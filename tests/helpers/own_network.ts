/** A network of its own for a test's processes, so that any port is free in it; Linux and root only. */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { PYTHON } from "./python.ts";

/** Brings the loopback up, as `ip link set lo up` does, and holds the network until stdin ends. */
const HOLD_PY = `
import fcntl, socket, struct, sys
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    request = struct.pack("16sH14x", b"lo", 0)
    flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
print("up", flush=True)
sys.stdin.read()
`;

/** With a loopback and nothing else. It ends when it is disposed of, or this process ends. */
export class OwnNetwork implements AsyncDisposable {
  /** Words before a command that shall run in it. */
  readonly enter: readonly string[];
  readonly #holder: Deno.ChildProcess;

  private constructor(holder: Deno.ChildProcess) {
    this.#holder = holder;
    this.enter = ["/usr/bin/nsenter", `--net=/proc/${holder.pid}/ns/net`, "--"];
  }

  static async open(): Promise<OwnNetwork> {
    const holder = new Deno.Command("/usr/bin/unshare", {
      args: ["--net", "--", PYTHON ?? "python3", "-c", HOLD_PY],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = holder.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value !== undefined) return new OwnNetwork(holder);
    await holder.stdin.close();
    const { code } = await holder.status;
    throw new Error(`no network of its own can be made: unshare ended with ${code}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.stdin.close();
    await this.#holder.status;
  }
}

/** Why no network can be made here; undefined when it can. */
export async function networkObstacle(): Promise<string | undefined> {
  if (PYTHON === undefined) return "there is no python3";
  try {
    await capture("/usr/bin/unshare", ["--net", "/usr/bin/nsenter", "--version"]);
    return undefined;
  } catch (thrown) {
    return `a network of its own needs root: ${messageOf(thrown).split("\n").at(-1)}`;
  }
}
