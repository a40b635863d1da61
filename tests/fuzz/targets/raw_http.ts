/** HTTP that no client library would send, to the service's port and to both control sockets. */
import fc from "fast-check";
import { connect } from "node:net";
import { ROUTES } from "../../../src/contract/api.ts";
import { CONTROL_PATHS } from "../../../src/contract/control_paths.ts";
import { spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { assertTrue } from "../../../src/lib/assert.ts";
import { withTimeout } from "../../../src/lib/async.ts";
import { socketPath } from "../../../src/lib/runtime_dir.ts";
import { join } from "../../../src/lib/path.ts";
import { check, type Target } from "../check.ts";
import { assertRefusal, type Stage } from "../stage.ts";

interface Input {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: string;
  /** Bytes of the whole that are never sent; the connection is closed instead. */
  readonly missing: number;
  /** How the whole is cut for the way. */
  readonly pieces: number;
  readonly spoils: boolean;
  readonly spoiling: Uint8Array;
}

type Connect = () => ReturnType<typeof connect>;

/** Milliseconds in which an answer has begun. */
const PATIENCE = 20_000;
const encoder = new TextEncoder();

const header = fc.oneof(
  fc.constantFrom(
    "Content-Type: application/json",
    "Content-Type: application/msgpack",
    "Content-Length: 10",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 5\r\nContent-Length: 6",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Expect: 100-continue",
    "Connection: close",
    "Host: evil.example.org",
    "Host:",
    `X-Long: ${"x".repeat(20_000)}`,
    "Authorization: Bearer",
    "Upgrade: websocket\r\nConnection: Upgrade",
    ": nothing",
    "No colon",
  ),
  fc.string({ unit: "binary-ascii", maxLength: 30 }),
);

function inputs(paths: readonly string[]): fc.Arbitrary<Input> {
  return fc.record({
    method: fc.constantFrom("GET", "POST", "POST", "PUT", "DELETE", "CONNECT", "TRACE", "get", ""),
    path: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...paths) },
      fc.webPath(),
      fc.string({ unit: "binary-ascii", maxLength: 40 }),
      fc.constantFrom("*", "/".repeat(10_000), "//", "/%", "/%ff", "/..//..", "http://x/v3/health"),
    ),
    headers: fc.array(header, { maxLength: 4 }),
    body: fc.oneof(
      fc.constant(""),
      fc.json(),
      fc.constant("5\r\nhello\r\n0\r\n\r\n"),
      fc.string(),
      fc.constant('{"timeout": -1}'),
      fc.constant('{"timeout": "soon"}'),
    ),
    missing: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(60)),
    pieces: fc.integer({ min: 1, max: 5 }),
    spoils: fc.boolean(),
    spoiling: spoiltBytes(
      fc.constant(encoder.encode("GET /v3/health HTTP/1.1\r\nHost: x\r\n\r\n")),
    ),
  });
}

function wholeOf({ method, path, headers, body, spoils, spoiling }: Input): Uint8Array {
  const text = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${
    headers.map((each) => `${each}\r\n`).join("")
  }\r\n${body}`;
  return spoils ? spoiling : encoder.encode(text);
}

/** What comes back until the other end closes, or has said a whole answer. */
async function exchange(open: Connect, input: Input): Promise<string> {
  const socket = open();
  const decoder = new TextDecoder();
  let text = "";
  const over = Promise.withResolvers<void>();
  socket.on("data", (chunk: Uint8Array) => {
    text += decoder.decode(chunk, { stream: true });
    if (isWhole(text)) over.resolve();
  });
  for (const event of ["close", "error", "end"]) socket.on(event, () => over.resolve());
  const whole = wholeOf(input);
  const sent = whole.subarray(0, Math.max(0, whole.length - input.missing));
  const size = Math.ceil(sent.length / input.pieces) || 1;
  for (let start = 0; start < sent.length; start += size) {
    socket.write(sent.subarray(start, start + size));
  }
  socket.end();
  const ended = await withTimeout(over.promise, PATIENCE);
  socket.destroy();
  assertTrue(ended !== "timeout", `neither an answer nor an end: ${text.slice(0, 200)}`);
  return text;
}

/** Whether an answer with its stated length is there; one without ends with the connection. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  if (end >= 0 && text.includes("text/event-stream")) return true;
  return end >= 0 && length !== undefined &&
    encoder.encode(text.slice(end + 4)).length >= Number(length);
}

/** Looks at the first answer; what was left of the request may have got another one. */
function checkAnswer(text: string): void {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
  // The server's own HTTP layer refuses what is not HTTP, without a body.
  if (status < 400) return;
  const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
  const rest = encoder.encode(text.slice(text.indexOf("\r\n\r\n") + 4));
  const body = new TextDecoder().decode(rest.subarray(0, length));
  if (status < 500 && body === "") return;
  assertRefusal(status, JSON.parse(body));
}

async function fuzz(name: string, open: Connect, paths: readonly string[], options: {
  readonly seed: number;
  readonly runs: number;
  readonly path?: string;
}): Promise<void> {
  await check(
    name,
    options,
    fc.asyncProperty(inputs(paths), async (input) => checkAnswer(await exchange(open, input))),
  );
}

export const rawHttp: Target = {
  name: "raw-http",
  what: "what is no HTTP, or half of it, to the service's port",
  run: async ({ service }, options) => {
    const { hostname, port } = new URL(service.url);
    const paths = Object.values(ROUTES).map(({ path }) => path);
    await fuzz("raw-http", () => connect(Number(port), hostname), paths, options);
  },
};

/** No valid stop is among them, so whatever comes leaves the daemon running. */
export const control: Target = {
  name: "control",
  what: "anything to the control sockets of agent and service",
  run: async (stage, options) => {
    for (const folder of ["default", "service"]) {
      const path = controlSocket(stage, folder);
      await fuzz("control", () => connect(path), Object.values(CONTROL_PATHS), options);
    }
  },
};

function controlSocket({ env }: Stage, folder: string): string {
  return socketPath(join(env.state, folder), (name) => env.environment[name]);
}
