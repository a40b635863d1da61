/** Small file systems in memory; mounting takes root on Linux. */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { join } from "../../src/lib/path.ts";

/** Unmounted when it is disposed of. */
export class Mount implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(folder: string, options: string): Promise<Mount> {
    Deno.mkdirSync(folder, { recursive: true });
    await capture("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
    return new Mount(folder);
  }

  /** Takes all space that is left; returns the path of the file that has it. */
  fill(): string {
    const path = join(this.folder, "ballast");
    using file = Deno.openSync(path, { write: true, create: true });
    const chunk = new Uint8Array(64 * 1024);
    try {
      for (;;) file.writeSync(chunk);
    } catch (thrown) {
      if (!/os error 28/.test(messageOf(thrown))) throw thrown;
    }
    return path;
  }

  /** What is in it now stays in the folder when it is unmounted. */
  async unmountKeepingFiles(): Promise<void> {
    const aside = `${this.folder}.kept`;
    await capture("cp", ["-a", this.folder, aside]);
    await this[Symbol.asyncDispose]();
    Deno.removeSync(this.folder);
    Deno.renameSync(aside, this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A process that has ended this moment may still hold it.
    await capture("umount", ["-l", this.folder]);
  }
}

/** Why nothing can be mounted here; undefined when it can. */
export async function mountObstacle(): Promise<string | undefined> {
  const folder = Deno.makeTempDirSync();
  try {
    await using _ = await Mount.make(folder, "size=64k");
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  } finally {
    Deno.removeSync(folder);
  }
}
