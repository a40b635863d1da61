import { blobBuffer } from "../../contract/blob_reference.ts";
import { decodeGlobusMessage, type GlobusResult } from "../../contract/globus_messages.ts";
import { newId } from "../../contract/ids.ts";
import { MAX_RESULT_BYTES } from "../../contract/limits.ts";
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import type { StoredResult } from "../store/store.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";
import { resultMessage } from "./result_message.ts";

async function sent(service: ServiceFixture, change: Partial<StoredResult>): Promise<GlobusResult> {
  const { store: { blobs }, vault } = service.parts;
  const { body, timestamp } = await resultMessage({ blobs, vault }, "ada", {
    taskId: newId(),
    state: "success",
    completedAt: 1_700_000_000_500,
    result: null,
    error: null,
    stdout: "",
    stderr: "",
    details: null,
    ...change,
  });
  assertEquals(timestamp, 1_700_000_000);
  const message = decodeGlobusMessage(body);
  if (message.type !== "result") throw new Error(`a message of type ${message.type}`);
  return message.data;
}

Deno.test("a failure carries the traceback, its code and what to do", async () => {
  await using service = await ServiceFixture.open();
  const error = {
    code: "RemoteExecutionError",
    type: "ValueError",
    message: "no",
    traceback: "Traceback (most recent call last):\n  ...\nValueError: no\n",
    hint: "Try yes.",
  } as const;
  const { data, error_details } = await sent(service, { state: "failed", error });
  assertEquals(data, error.traceback + "Try yes.");
  assertEquals(error_details, { code: "RemoteExecutionError", user_message: "no" });
  const cancelled = await sent(service, { state: "cancelled" });
  assertEquals(cancelled.data, "the task was cancelled");
});

Deno.test("a large result goes whole, one beyond the limit fails by the SDK's name for it", async () => {
  await using service = await ServiceFixture.open();
  const bytes = new TextEncoder().encode(`11\n"${"é".repeat(1_000_000)}"`);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const request = { owner: "ada", sha256: new Uint8Array(digest).toHex(), size: bytes.length };
  await service.parts.vault.begin(request);
  await service.parts.vault.put(request, 0, () => Promise.resolve(bytes));
  const large = await sent(service, { result: blobBuffer(request) });
  assertEquals(large.data, new TextDecoder().decode(bytes));
  assertEquals(large.error_details, null);
  const size = MAX_RESULT_BYTES + 1;
  const larger = await sent(service, { result: blobBuffer({ ...request, size }) });
  assertMatch(larger.data, /MaxResultSizeExceeded: .* 10485761B exceeded .* 10485760B/);
  assertEquals(larger.error_details?.code, "MaxResultSizeExceeded");
});
