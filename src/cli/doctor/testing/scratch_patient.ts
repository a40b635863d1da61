/** A home to be looked at, for tests; its runtime folder is in it too. */
import { FuncxHome } from "../../../contract/home_folder.ts";
import { join } from "../../../lib/path.ts";
import type { ResolvedProfile } from "../../../profile/schema.ts";
import type { Check, Patient } from "../check.ts";

export class ScratchPatient implements Disposable {
  readonly root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "funcx doctor-" }));
  readonly home = new FuncxHome(join(this.root, ".funcx"));
  readonly runtime = join(this.root, "run");

  constructor() {
    Deno.mkdirSync(this.runtime, { mode: 0o700 });
  }

  patient(options: {
    readonly runtime?: string;
    readonly profile?: ResolvedProfile;
  } = {}): Patient {
    const variables: Record<string, string> = {
      HOME: this.root,
      XDG_RUNTIME_DIR: options.runtime ?? this.runtime,
    };
    return {
      context: {
        home: this.home,
        env: (name) => variables[name],
        signal: new AbortController().signal,
      },
      name: "default",
      profile: options.profile,
    };
  }

  /** Makes the endpoint's folder as `init` does. */
  makeFolder(): string {
    const folder = this.home.endpointFolder("default");
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

/** Name, status and message of each check. */
export async function linesOf(checks: AsyncIterable<Check>): Promise<string[]> {
  return (await Array.fromAsync(checks)).map(({ name, status, message }) =>
    `${status} ${name}: ${message}`
  );
}
