/**
 * The few functions of glibc that start a program and wait for it, where Deno has no way of its own
 * that is as cheap, see `posix_spawn.ts`, or none at all, see `thread_affinity.ts`. Linux only, since
 * numbers and layouts are those of Linux.
 */

const POSIX_SPAWN = {
  name: "posix_spawn",
  parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
  result: "i32",
} as const;

const SYMBOLS = {
  // In a thread of the runtime: it returns when the program is loaded, which a slow file system or
  // a busy machine can make long.
  posix_spawn: { ...POSIX_SPAWN, nonblocking: true },
  // For a child that shall have what this thread has.
  posix_spawn_in_this_thread: POSIX_SPAWN,
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
  // glibc 2.29; without it the library does not load, and callers do it another way.
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  wait4: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  getrusage: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Null where there is no glibc, or one that lacks a function. */
export function openLibc(): Libc | null {
  if (Deno.build.os !== "linux") return null;
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS);
  } catch {
    return null;
  }
}

const encoder = new TextEncoder();

/** Text as C takes it. Throws for a zero byte, which would cut it off. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${withoutZero(text)}\0`);
}

const POINTER_BYTES = 8;

/**
 * Strings and before them the pointers to them, as `argv` and `envp` are: one piece of memory, so
 * that whoever holds it holds all of it.
 */
export class StringVector {
  readonly memory: Uint8Array<ArrayBuffer>;
  /** How many strings there are. */
  readonly length: number;
  /** Held, since pointers lead into it. */
  readonly base: StringVector | undefined;

  /** @param base comes first, by reference */
  constructor(strings: readonly string[], base?: StringVector) {
    this.base = base;
    const before = base?.length ?? 0;
    this.length = before + strings.length;
    const texts = encoder.encode(strings.map((text) => `${withoutZero(text)}\0`).join(""));
    const start = (this.length + 1) * POINTER_BYTES;
    this.memory = new Uint8Array(new ArrayBuffer(start + texts.length));
    if (base !== undefined) this.memory.set(base.memory.subarray(0, before * POINTER_BYTES));
    this.memory.set(texts, start);
    this.#point(before, start);
  }

  #point(first: number, start: number): void {
    const pointers = new BigUint64Array(this.memory.buffer, 0, this.length + 1);
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.memory));
    for (let index = first, position = start; index < this.length; index++) {
      pointers[index] = address + BigInt(position);
      position = this.memory.indexOf(0, position) + 1;
    }
  }
}

function withoutZero(text: string): string {
  if (text.includes("\0")) throw new TypeError("a text for the system has a zero byte in it");
  return text;
}
