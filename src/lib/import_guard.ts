/**
 * A Web Worker's `net: false` does not bind the module loader: `import("npm:NAME")` would still ask
 * the package registry, and so could carry a secret out in NAME. This closes that way, and the ways
 * around it.
 *
 * For use inside a sandbox only: it holds for the whole worker. Costs about 20 ms, since it loads
 * Node's module system.
 */
import { registerHooks, type ResolveFnOutput } from "node:module";
import process from "node:process";

/**
 * From here on only files, inline modules and `node:` modules can be imported, as far as the
 * worker's permissions allow; a package or a remote module throws, static imports included. No
 * further worker can be started, since it would not be bound by this.
 */
export function refuseForeignImports(): void {
  registerHooks({
    resolve(specifier, context, next): ResolveFnOutput {
      if (!LOCAL.test(specifier) || WAY_AROUND.test(specifier)) throw refusal(specifier);
      return next(specifier, context);
    },
  });
  process.getBuiltinModule = (name: string): never => {
    throw refusal(name);
  };
  Reflect.deleteProperty(globalThis, "Worker");
}

const LOCAL = /^(\.{0,2}\/|file:|node:|data:|blob:)/;
/** They start workers, or change how modules are found. */
const WAY_AROUND = /^node:(worker_threads|module|cluster|vm|inspector)/;

/** In the words of Deno's own refusals. */
function refusal(specifier: string): Error {
  const error = new Error(
    `Requires import access to "${specifier}", run again with the --allow-import flag`,
  );
  error.name = "NotCapable";
  return error;
}
