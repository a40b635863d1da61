/** Arguments as they travel. */
import { EnvelopeError, jsonPayload } from "../contract/envelope.ts";
import { FuncxError } from "../contract/errors.ts";
import { MAX_PAYLOAD_BYTES } from "../contract/limits.ts";

/**
 * Positional and keyword arguments as one payload. Throws {@link FuncxError} `INPUT_INVALID` for
 * what JSON cannot hold and `TASK_PAYLOAD_TOO_LARGE`.
 */
export function payloadOf(
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): string {
  const payload = packed(args, kwargs);
  // A character is at most three bytes of UTF-8, so most need no counting.
  if (payload.length * 3 <= MAX_PAYLOAD_BYTES) return payload;
  const bytes = new TextEncoder().encode(payload).length;
  if (bytes <= MAX_PAYLOAD_BYTES) return payload;
  throw new FuncxError({
    code: "TASK_PAYLOAD_TOO_LARGE",
    message: `the arguments take ${bytes} bytes, at most ${MAX_PAYLOAD_BYTES} are taken`,
    hint: "pass the name of a file that the endpoint can read, or split the work",
  });
}

function packed(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): string {
  try {
    return jsonPayload(args, kwargs);
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError)) throw thrown;
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `the arguments cannot be sent: ${thrown.message}`,
      hint: "arguments are JSON values: null, booleans, finite numbers, strings, arrays, objects",
    }, { cause: thrown });
  }
}
