/** Every path of one endpoint: its folder `~/.funcx/NAME`, and what the profile keeps elsewhere. */
import { FuncxError } from "../contract/errors.ts";
import { BLOCK_FOLDER, MANAGER_FOLDER } from "./cluster_folders.ts";
import { ARGUMENT_FOLDER, RESULT_FOLDER } from "./result_folder.ts";
import { type RegistrationFile, RegistrationFileSchema } from "../contract/home.ts";
import type { FuncxHome } from "../contract/home_folder.ts";
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../lib/files.ts";
import { join, resolve } from "../lib/path.ts";
import { socketPath } from "../lib/runtime_dir.ts";
import { unwritable } from "./unwritable.ts";
import * as v from "valibot";

export class EndpointDir {
  /** Absolute; holds profile, registration and lock. */
  readonly folder: string;
  /** Absolute; holds spool and logs. The folder itself unless the profile names another. */
  readonly stateDir: string;

  constructor(readonly home: FuncxHome, readonly name: string, stateDir?: string) {
    this.folder = home.endpointFolder(name);
    this.stateDir = stateDir === undefined ? this.folder : resolve(stateDir);
  }

  get configFile(): string {
    return this.home.profileFile(this.name);
  }

  get registrationFile(): string {
    return this.home.registrationFile(this.name);
  }

  get lockFile(): string {
    return this.home.agentLockFile(this.name);
  }

  get spoolFile(): string {
    return join(this.stateDir, "spool.db");
  }

  /** Large arguments, while tasks use them. */
  get argumentFolder(): string {
    return join(this.stateDir, ...ARGUMENT_FOLDER);
  }

  get resultFolder(): string {
    return join(this.stateDir, ...RESULT_FOLDER);
  }

  /** What it keeps of its blocks, and of the managers in them. */
  get clusterFolders(): readonly string[] {
    return [join(this.stateDir, BLOCK_FOLDER), join(this.stateDir, MANAGER_FOLDER)];
  }

  get logFile(): string {
    return join(this.stateDir, "logs", "agent.log");
  }

  /** The control socket, in a private folder of this machine. */
  controlSocket(env: (name: string) => string | undefined): string {
    return socketPath(this.folder, env);
  }

  /** Makes both folders with mode 0700, or narrows them; throws what {@link unwritable} makes of it. */
  prepare(): void {
    for (const folder of [this.folder, this.stateDir]) {
      try {
        ensurePrivateFolder(folder);
      } catch (thrown) {
        const hint =
          "It has to be a folder that you own and may write to; see stateDir in the profile.";
        throw unwritable(`${folder} cannot be used`, thrown, hint);
      }
    }
  }

  /** What the endpoint was registered as; undefined when it was not. Throws `INPUT_INVALID`. */
  readRegistration(): RegistrationFile | undefined {
    const text = readIfPresent(this.registrationFile);
    if (text === undefined) return undefined;
    try {
      return v.parse(RegistrationFileSchema, JSON.parse(text));
    } catch (cause) {
      throw new FuncxError({
        code: "INPUT_INVALID",
        message: `${this.registrationFile} is damaged`,
        hint: "Move it away and start again; the endpoint gets a new id.",
      }, { cause });
    }
  }

  /** Throws what {@link unwritable} makes of the system's error; the file is as before then. */
  writeRegistration(registration: RegistrationFile): void {
    try {
      writePrivateFile(this.registrationFile, `${JSON.stringify(registration, null, 2)}\n`);
    } catch (thrown) {
      throw unwritable(`${this.registrationFile} cannot be written`, thrown);
    }
  }
}
