/** What a private service keeps between its runs besides the store. */
import * as v from "valibot";
import { readJsonFile, writeJsonFile } from "./private_json.ts";

const IdentitySchema = v.object({
  /** Hexadecimal. Endpoints and logins remember it, so it must not change. */
  proof_key: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** Where it listened last, so that endpoints find it there again; null before the first start. */
  port: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
  /** The same for AMQP. */
  amqp_port: v.optional(
    v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
  ),
});
export type ServiceIdentity = v.InferOutput<typeof IdentitySchema>;

/** Makes the file at the first start. Throws STORE_UNREADABLE when it is damaged. */
export function loadIdentity(path: string): ServiceIdentity {
  const known = readJsonFile(path, IdentitySchema);
  if (known !== undefined) return known;
  const made: ServiceIdentity = {
    proof_key: crypto.getRandomValues(new Uint8Array(32)).toHex(),
    port: null,
  };
  writeJsonFile(path, made);
  return made;
}

export function rememberPorts(
  path: string,
  identity: ServiceIdentity,
  port: number,
  amqpPort: number | undefined,
): void {
  const amqp = amqpPort ?? identity.amqp_port;
  if (identity.port === port && identity.amqp_port === amqp) return;
  writeJsonFile(path, { ...identity, port, amqp_port: amqp });
}
