/**
 * Every frame in `golden/` is read and written as ever, and every message and optional field has
 * one. See the page there for how to add some.
 */
import type * as v from "valibot";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { fromFileUrl, join } from "../../lib/path.ts";
import { type Decoded, decodeEndpointMessage, decodeServiceMessage, encode } from "./codec.ts";
import { decodeAgentMessage, decodeManagerMessage } from "./manager_codec.ts";
import { AgentMessageSchema, ManagerMessageSchema } from "./manager_messages.ts";
import { EndpointMessageSchema, ServiceMessageSchema } from "./messages.ts";
import { MANAGER_PROTOCOL_VERSION, MINIMUM_PROTOCOL_VERSION, PROTOCOL_VERSION } from "./version.ts";

const FOLDER = fromFileUrl(new URL("golden/", import.meta.url));

/** Versions that are spoken, the oldest first. */
const FORWARDER = [MINIMUM_PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
const MANAGER_LINK = [MANAGER_PROTOCOL_VERSION, MANAGER_PROTOCOL_VERSION] as const;

const SENDERS = {
  endpoint: {
    schema: EndpointMessageSchema,
    decode: decodeEndpointMessage,
    versions: FORWARDER,
  },
  service: { schema: ServiceMessageSchema, decode: decodeServiceMessage, versions: FORWARDER },
  manager: { schema: ManagerMessageSchema, decode: decodeManagerMessage, versions: MANAGER_LINK },
  agent: { schema: AgentMessageSchema, decode: decodeAgentMessage, versions: MANAGER_LINK },
} as const;
type Sender = keyof typeof SENDERS;

interface Golden {
  readonly type: string;
  readonly message: Readonly<Record<string, unknown>>;
  /** Hexadecimal. */
  readonly frame: string;
}

function goldens(version: number, sender: Sender): Golden[] {
  const folder = join(FOLDER, `v${version}`, sender);
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const frames = JSON.parse(Deno.readTextFileSync(join(folder, name)), revive) as Golden[];
    return frames.map((golden) => ({ ...golden, type: name.replace(/\.json$/, "") }));
  });
}

function revive(_key: string, value: unknown): unknown {
  const bytes = (value as { bytes?: unknown } | null)?.bytes;
  return typeof bytes === "string" ? Uint8Array.fromHex(bytes) : value;
}

/** Bytes come back as views of the frame; their content counts. */
function plain(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message, (_key, value) => {
    return value instanceof Uint8Array ? [...value] : value;
  }));
}

function checkFrame(decode: (bytes: Uint8Array) => Decoded<unknown>, golden: Golden): void {
  assertEquals(encode(golden.message).toHex(), golden.frame);
  const decoded = decode(Uint8Array.fromHex(golden.frame));
  assertEquals(plain(decoded), plain({ kind: "message", message: golden.message }));
  assertTrue(decoded.kind === "message");
  assertEquals(encode(decoded.message).toHex(), golden.frame);
}

for (const sender of Object.keys(SENDERS) as Sender[]) {
  const [oldest, newest] = SENDERS[sender].versions;
  for (let version = oldest; version <= newest; version++) {
    Deno.test(`version ${version}: what the ${sender} sends has stayed the same`, () => {
      for (const golden of goldens(version, sender)) {
        assertEquals(golden.message.type, golden.type);
        checkFrame(SENDERS[sender].decode, golden);
      }
    });
  }
}

/** What is read of a valibot schema. */
interface Part {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly item?: Part;
  readonly wrapped?: Part;
  readonly literal?: unknown;
}

/** Notes for each optional field, by its path, whether `value` has it. */
function noteOptionals(
  part: Part,
  value: unknown,
  path: string,
  seen: Map<string, Set<boolean>>,
): void {
  if (part.type === "array") {
    const items = Array.isArray(value) ? value : [undefined];
    return items.forEach((item) => noteOptionals(part.item!, item, `${path}[]`, seen));
  }
  for (const [key, entry] of Object.entries(part.entries ?? {})) {
    const inner = (value as Record<string, unknown> | undefined)?.[key];
    const name = `${path}.${key}`;
    const isOptional = entry.type === "optional";
    if (isOptional) {
      const noted = seen.get(name) ?? new Set();
      seen.set(name, noted);
      if (value !== undefined) noted.add(inner !== undefined);
    }
    noteOptionals(isOptional ? entry.wrapped! : entry, inner, name, seen);
  }
}

for (const sender of Object.keys(SENDERS) as Sender[]) {
  Deno.test(`every message of the ${sender} has frames with and without each optional field`, () => {
    const [, newest] = SENDERS[sender].versions;
    const frames = goldens(newest, sender);
    const schemas = (SENDERS[sender].schema as v.VariantSchema<"type", never, undefined>)
      .options as unknown as Part[];
    for (const schema of schemas) {
      const type = String(schema.entries!.type!.literal);
      const own = frames.filter((golden) => golden.type === type);
      assertTrue(own.length > 0, `golden/v${newest}/${sender}/${type}.json is missing`);
      const seen = new Map<string, Set<boolean>>();
      for (const { message } of own) noteOptionals(schema, message, type, seen);
      const lacking = [...seen].filter(([, noted]) => noted.size < 2).map(([path]) => path);
      assertEquals(lacking, []);
    }
  });
}
