import type * as v from "valibot";
import { assertEquals, assertTrue } from "../lib/assert.ts";
import { KEYS } from "./keys.ts";
import profileTypes from "./profile.d.ts" with { type: "text" };
import type { Profile } from "./profile.d.ts";
import { PROVIDER_ENTRIES } from "./provider_schema.ts";
import { ProfileSchema, type RawProfile } from "./schema.ts";
import { section, walltimeSeconds } from "./schema_pieces.ts";

// -- the schema and the types for editors are the same -----------------------------------------------

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
/** Written out, so that what differs in form only is the same. */
type Spread<T> = T extends readonly unknown[] ? T
  : T extends object ? { [K in keyof T]: Spread<T[K]> }
  : T;

// A type error here means that profile.d.ts and the schema differ.
const typesAgree: Same<Spread<Profile>, Spread<RawProfile>> = true;

Deno.test("profile.d.ts and the schema describe the same profile", () => assertTrue(typesAgree));

// -- every key is explained --------------------------------------------------------------------------

interface ObjectLike {
  readonly entries: Readonly<Record<string, v.GenericSchema>>;
}

/** Dotted keys of all objects in a schema, however wrapped. */
function keysOf(schema: unknown, prefix: string): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { wrapped, pipe, getter } = schema as {
    readonly wrapped?: unknown;
    readonly pipe?: readonly unknown[];
    readonly getter?: (input: unknown) => unknown;
  };
  const inner = [wrapped, getter?.({}), ...(pipe ?? []).slice(1)].filter((part) =>
    part !== undefined
  );
  const { entries = {} } = schema as Partial<ObjectLike>;
  return [
    ...Object.entries(pipe === undefined ? entries : {}).flatMap(([name, entry]) => [
      prefix + name,
      ...keysOf(entry, `${prefix}${name}.`),
    ]),
    ...inner.flatMap((part) => keysOf(part, prefix)),
  ];
}

/** A key that several types of provider have is one key. */
const keys = [
  ...new Set([
    ...keysOf(ProfileSchema, ""),
    ...Object.values(PROVIDER_ENTRIES).flatMap((entries) =>
      keysOf(section(entries as v.ObjectEntries), "executor.provider.")
    ),
    // Only launchers of the type "wrapped" have it.
    "executor.provider.launcher.command",
  ]),
];

Deno.test("the walk over the schema finds keys at all depths", () => {
  assertTrue(keys.length > 20);
  assertTrue(keys.includes("executor.runtimes.typescript.permissions.net"));
});

Deno.test("each key of the schema has a text for messages, and no other has", () => {
  const explained = Object.keys(KEYS).filter((key) => key !== "" && !key.endsWith("*"));
  assertEquals(explained.sort(), [...keys].sort());
});

Deno.test("each key has a docstring in profile.d.ts, and a default unless it must be there", () => {
  for (const key of keys) {
    const name = key.slice(key.lastIndexOf(".") + 1);
    const docstring = new RegExp(`/\\*\\*((?:[^*]|\\*(?!/))*)\\*/\\s+${name}\\??:`).exec(
      profileTypes,
    );
    if (key.endsWith(".type")) continue;
    assertTrue(docstring, `${key} has no docstring`);
    const isSection = KEYS[key].expected.includes("object") && key !== "executor.provider";
    assertTrue(isSection || docstring[1].includes("@default"), `${key} has no @default`);
  }
});

Deno.test("a walltime is hours, minutes and seconds, or seconds", () => {
  assertEquals(walltimeSeconds("01:02:03"), 3_723);
  assertEquals(walltimeSeconds("100:00:00"), 360_000);
  assertEquals(walltimeSeconds(1.5), 1.5);
});
