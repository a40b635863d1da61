/** Bare interpreters: what a worker's or a command's process costs before the program is in it. */
import { capture } from "../../scripts/build/command.ts";
import { delay } from "../../src/lib/async.ts";
import { join } from "../../src/lib/path.ts";
import { FLOOR } from "../figures.ts";
import { commandLine } from "../process_usage.ts";
import { type Scenario, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { timed } from "../timing.ts";

const SETTLING = 1_000;

export interface BareInterpreter extends AsyncDisposable {
  readonly pid: number;
}

const SLEEP = "setTimeout(() => {}, 1e9);\n";
/** What each of our workers has besides: a thread for user code, with permissions of its own. */
const EMPTY_GUEST = `new Worker("data:text/javascript,onmessage=()=>{}", { type: "module" });\n`;

/** The executable of the process `like`, sleeping and evaluating nothing else. */
export async function bareInterpreter(
  kind: "typescript" | "typescript with a guest" | "python",
  like: number,
): Promise<BareInterpreter> {
  const executable = kind === "python"
    ? commandLine(like)[0]!
    : Deno.readLinkSync(`/proc/${like}/exe`);
  const file = Deno.makeTempFileSync({ suffix: ".js" });
  Deno.writeTextFileSync(file, kind === "typescript with a guest" ? EMPTY_GUEST + SLEEP : SLEEP);
  const args = kind === "python"
    ? ["-I", "-S", "-c", "import time; time.sleep(1e6)"]
    : ["run", "--no-config", "--quiet", file];
  const child = new Deno.Command(executable, { args, stdin: "null", stdout: "null" }).spawn();
  await delay(SETTLING);
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.status;
      Deno.removeSync(file);
    },
  };
}

export const startFloor: Scenario = {
  name: "starting bare Deno",
  subject: FLOOR,
  rows: [11, 12],
  run: async (context) => {
    const file = join(context.folder, "empty.js");
    Deno.writeTextFileSync(file, "");
    const args = ["run", "--no-config", "--quiet", file];
    const times = await timed(sized(context, 10, 2), () => capture(Deno.execPath(), args));
    context.record("floor.deno_start", median(times));
  },
};
