/**
 * Loaded before the tests: one that waits for what never comes fails by its name after this time,
 * instead of holding up all that come after it. A test may set a `timeout` of its own.
 */

/** Of the slowest one that is sound, on a machine that is busy, several times. Milliseconds. */
const TIME_LIMIT = 10 * 60_000;

const register = Deno.test;

/** Takes a definition, or a name, perhaps options, and the function, as `Deno.test` does. */
function registerWithLimit(...args: readonly unknown[]): void {
  const [name, fn] = args.filter((value) => typeof value !== "object");
  const options = args.find((value) => typeof value === "object");
  register({ timeout: TIME_LIMIT, name, fn, ...options } as Deno.TestDefinition);
}

Object.assign(Deno, { test: Object.assign(registerWithLimit, register) });
