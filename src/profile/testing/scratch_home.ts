/** A home with profiles in it, for tests. Its path has a space and a `%`, as real ones may. */
import { FuncxHome } from "../../contract/home_folder.ts";
import { join } from "../../lib/path.ts";

export class ScratchHome implements Disposable {
  readonly #root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "funcx profile 100%-" }));
  readonly home = new FuncxHome(join(this.#root, ".funcx"));

  /** A path beside the home. */
  outside(name: string): string {
    return join(this.#root, name);
  }

  /** Writes files of a profile; returns the path of its `config.ts`. */
  profile(name: string, config: string, files: Readonly<Record<string, string>> = {}): string {
    const folder = this.home.endpointFolder(name);
    Deno.mkdirSync(folder, { recursive: true });
    for (const [file, content] of Object.entries({ ...files, "config.ts": config })) {
      Deno.writeTextFileSync(join(folder, file), content);
    }
    return join(folder, "config.ts");
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

/** An environment that has these variables only. */
export function environment(
  variables: Readonly<Record<string, string>>,
): (name: string) => string | undefined {
  return (name) => Object.hasOwn(variables, name) ? variables[name] : undefined;
}
