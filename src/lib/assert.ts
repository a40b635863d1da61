/**
 * Assertions for tests, by the names of Deno's standard library, which is not on npm. They come
 * from Node's own module, so a failure shows a diff.
 */
import assert from "node:assert/strict";

export function assertEquals<T>(actual: T, expected: T): void {
  assert.deepEqual(actual, expected);
}

export function assertNotEquals<T>(actual: T, expected: T): void {
  assert.notDeepEqual(actual, expected);
}

/** Throws when `condition` is false; also narrows its type. */
export function assertTrue(
  condition: unknown,
  message = "condition does not hold",
): asserts condition {
  assert.ok(condition, message);
}

export function assertMatch(actual: string, expected: RegExp): void {
  assert.match(actual, expected);
}

export function assertThrows(action: () => unknown, expected: RegExp): void {
  assert.throws(action, (thrown) => expected.test(String(thrown)));
}

export async function assertRejects(
  action: () => Promise<unknown>,
  expected: RegExp,
): Promise<void> {
  await assert.rejects(action, (thrown) => expected.test(String(thrown)));
}
