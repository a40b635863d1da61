/** Every path in the private service's folder. */
import type { FuncxHome } from "../contract/home.ts";
import { join } from "../lib/path.ts";

export class ServiceDir {
  readonly root: string;
  /** Where it listens while it runs; other programs of the user read it. */
  readonly stateFile: string;
  readonly blobFolder: string;

  constructor(home: FuncxHome) {
    this.root = home.serviceFolder;
    this.stateFile = home.serviceStateFile;
    this.blobFolder = home.blobFolder;
  }

  get lockFile(): string {
    return join(this.root, "service.lock");
  }

  get databaseFile(): string {
    return join(this.root, "service.db");
  }

  /** What stays the same from one start to the next. */
  get identityFile(): string {
    return join(this.root, "identity.json");
  }

  get logFile(): string {
    return join(this.root, "logs", "service.log");
  }
}
