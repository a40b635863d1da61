/**
 * A Web Worker's `net: false` does not bind the module loader: `import("npm:NAME")` would still ask
 * the package registry, and so could carry a secret out in NAME. This closes that way.
 *
 * For use inside a sandbox only: it holds for the whole worker. Costs about 20 ms, since it loads
 * Node's module system.
 */
import { registerHooks, type ResolveFnOutput } from "node:module";

/**
 * From here on only files, inline modules and `node:` modules can be imported, as far as the
 * worker's permissions allow; a package or a remote module throws, static imports included.
 */
export function refuseForeignImports(): void {
  registerHooks({
    resolve(specifier, context, next): ResolveFnOutput {
      if (!LOCAL.test(specifier)) throw new ForeignImportError(specifier);
      return next(specifier, context);
    },
  });
}

const LOCAL = /^(\.{0,2}\/|file:|node:|data:|blob:)/;

/** Says it in the words of Deno's own refusals. */
class ForeignImportError extends Error {
  override readonly name = "NotCapable";

  constructor(specifier: string) {
    super(`Requires import access to "${specifier}", run again with the --allow-import flag`);
  }
}
