/** Programs of a scheduler that cannot be installed here, on PATH; see `imitation/main.ts`. */
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { shellWords } from "../../src/endpoint/providers/submit_script.ts";
import { Jobs } from "./imitation/jobs.ts";
import { PROGRAM_OPTIONS } from "./imitation/options.ts";

const MAIN = fromFileUrl(new URL("imitation/main.ts", import.meta.url));

export class SchedulerImitation implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-imitation-" });
  readonly jobs = new Jobs(this.folder);

  constructor() {
    const bin = join(this.folder, "bin");
    Deno.mkdirSync(bin);
    for (const program of Object.keys(PROGRAM_OPTIONS)) {
      const words = shellWords([Deno.execPath(), "run", "-A", "--no-check", MAIN, program]);
      const script = `#!/bin/sh\nexec ${words} "$@"\n`;
      Deno.writeTextFileSync(join(bin, program), script, { mode: 0o755 });
    }
  }

  /** For programs that use it. */
  get env(): Readonly<Record<string, string>> {
    return {
      PATH: `${join(this.folder, "bin")}:${Deno.env.get("PATH")}`,
      IMITATION_FOLDER: this.folder,
    };
  }

  /** A folder for a block. */
  blockFolder(name: string): string {
    const folder = join(this.folder, name);
    Deno.mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
