/** A user as Globus Auth names one: agents of Globus Compute compare such UUIDs. */
import { createHash } from "node:crypto";
import type { ServiceId, UserId } from "../../contract/ids.ts";

/**
 * The same for a user of this service at all times, and another one at any other service: a UUID of
 * version 8 (RFC 9562), from SHA-256.
 */
export function identityOf(serviceId: ServiceId, user: UserId): string {
  return derivedId("identity", serviceId, user);
}

/** A UUID that follows from these texts alone. */
export function derivedId(...texts: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(texts)).digest();
  hash[6] = hash[6]! & 0x0f | 0x80;
  hash[8] = hash[8]! & 0x3f | 0x80;
  const hex = hash.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ]
    .join("-");
}
