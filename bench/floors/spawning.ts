/** Row 4's peers and floor: programs that do nothing but start processes. */
import { FLOOR, PEERS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";

const PROCESSES = 2_000;

/** Processes a second that `command` starts, one for each line of its input. */
export async function spawnRate(
  command: readonly string[],
  count: number,
  env: Record<string, string> = {},
): Promise<number> {
  const begun = performance.now();
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    env,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("x\n".repeat(count)));
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return count / ((performance.now() - begun) / 1_000);
}

export const xargs: Scenario = {
  name: "xargs -P2 /bin/true",
  subject: PEERS.xargs,
  rows: [4],
  run: async (context) => {
    const rate = await spawnRate(
      ["xargs", "-P2", "-n1", "/bin/true"],
      sized(context, PROCESSES, 50),
    );
    context.record("4.executor", rate);
    context.record("4.service", rate);
  },
};

/** What a shell task is for the kernel: a session of its own, a shell, a program. */
export const setsidFloor: Scenario = {
  name: "xargs -P2 setsid sh -c /bin/true",
  subject: FLOOR,
  rows: [4],
  run: async (context) => {
    const command = ["xargs", "-P2", "-n1", "setsid", "sh", "-c", "/bin/true"];
    context.record("floor.setsid_sh", await spawnRate(command, sized(context, PROCESSES, 50)));
  },
};
