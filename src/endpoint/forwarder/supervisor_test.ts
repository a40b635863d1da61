import { FuncxError } from "../../contract/errors.ts";
import { reject } from "../../contract/protocol/handshake.ts";
import type { Reject } from "../../contract/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { Backoff } from "../../lib/backoff.ts";
import { type Failure, fatal, ok, type Outcome, retryable } from "../../lib/outcome.ts";
import { Waiters } from "../../lib/waiters.ts";
import type { Connection, Ending } from "./connection.ts";
import { type LinkState, Supervisor } from "./supervisor.ts";

type Answer = Outcome<Connection, Failure | Reject>;

const DOWN = retryable({ code: "SERVICE_UNAVAILABLE", message: "down" });

/** Attempts that the test answers one by one. */
class Dialler {
  readonly states: LinkState[] = [];
  readonly offered: number[] = [];
  readonly #waiters = new Waiters();
  #answer: ((answer: Answer | Error) => void) | undefined;
  news: (() => void) | undefined;
  readonly supervisor: Supervisor;

  constructor(backoff = { initial: 1, maximum: 1, minimumUptime: 1 }, fatalRetry = 1) {
    this.supervisor = new Supervisor({
      connect: async (version) => {
        this.offered.push(version);
        const { promise, resolve } = Promise.withResolvers<Answer | Error>();
        assertEquals(this.#answer, undefined);
        this.#answer = resolve;
        this.#waiters.check();
        const answer = await promise;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      onState: (state) => {
        this.states.push(state);
        this.#waiters.check();
      },
      watch: (news) => {
        this.news = news;
        this.#waiters.check();
        return () => this.news = undefined;
      },
      backoff: new Backoff(backoff),
      fatalRetry,
    });
    this.supervisor.start();
  }

  async until(holds: () => boolean): Promise<void> {
    if (!holds()) await this.#waiters.when(holds);
  }

  /** @param answer an error is thrown. */
  async answer(answer: Answer | Error): Promise<void> {
    await this.until(() => this.#answer !== undefined);
    const resolve = this.#answer!;
    this.#answer = undefined;
    resolve(answer);
  }

  async waiting(): Promise<LinkState & { kind: "waiting" }> {
    await this.until(() => this.supervisor.state.kind === "waiting");
    return this.supervisor.state as LinkState & { kind: "waiting" };
  }
}

function connection(): { value: Connection; end: (ending: Ending) => void; left: string[] } {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const left: string[] = [];
  const leave = (reason: string): void => {
    left.push(reason);
    resolve({ kind: "left" });
  };
  return { value: { ended: promise, leave } as unknown as Connection, end: resolve, left };
}

Deno.test("it dials again after every kind of end, one attempt at a time", async () => {
  const dialler = new Dialler();
  await dialler.answer(DOWN);
  const first = connection();
  await dialler.answer(ok(first.value));
  await dialler.until(() => dialler.supervisor.state.kind === "connected");
  first.end({ kind: "silent", milliseconds: 45_000 });
  const second = connection();
  await dialler.answer(ok(second.value));
  await dialler.until(() => dialler.supervisor.state.kind === "connected");
  await dialler.supervisor.stop("done");
  assertEquals(second.left, ["done"]);
  assertEquals(dialler.states.map(({ kind }) => kind), [
    "waiting",
    "connecting",
    "connected",
    "waiting",
    "connecting",
    "connected",
    "stopped",
  ]);
});

Deno.test("what keeps it from connecting is told, with the mend", async () => {
  const dialler = new Dialler(undefined, 60_000);
  await dialler.answer(fatal(reject("INVALID_AUTH_TOKEN", "revoked", { hint: "start it again" })));
  const { problem, delay } = await dialler.waiting();
  assertEquals(problem, { code: "INVALID_AUTH_TOKEN", message: "revoked", hint: "start it again" });
  assertEquals(delay, 60_000);
  await dialler.supervisor.stop("");
});

Deno.test("what an attempt throws is told, and followed by another one", async () => {
  const dialler = new Dialler();
  const full = { code: "STORAGE_FULL", message: "no room", hint: "make some" } as const;
  await dialler.answer(new FuncxError(full));
  await dialler.answer(new Deno.errors.NotADirectory("a home that is away"));
  const { value } = connection();
  await dialler.answer(ok(value));
  await dialler.until(() => dialler.supervisor.state.kind === "connected");
  const problems = dialler.states.flatMap((state) =>
    state.kind === "waiting" ? [state.problem] : []
  );
  assertEquals(problems[0], full);
  assertMatch(problems[1]!.message, /a home that is away/);
  await dialler.supervisor.stop("");
});

Deno.test("news ends a long delay", async () => {
  const dialler = new Dialler(undefined, 3_600_000);
  await dialler.answer(fatal({ code: "SERVICE_NOT_OURS", message: "not ours" }));
  await dialler.until(() => dialler.news !== undefined);
  dialler.news!();
  const { value, end } = connection();
  await dialler.answer(ok(value));
  end({ kind: "left" });
  await dialler.supervisor.stop("");
  assertEquals(dialler.news, undefined);
});

Deno.test("stopping ends a delay, and a session that comes too late", async () => {
  const delayed = new Dialler({ initial: 3_600_000, maximum: 3_600_000, minimumUptime: 1 });
  await delayed.answer(DOWN);
  await delayed.waiting();
  await delayed.supervisor.stop("");
  assertEquals(delayed.supervisor.state.kind, "stopped");

  const late = new Dialler();
  await late.until(() => late.offered.length === 1);
  const stopping = late.supervisor.stop("");
  const { value, left } = connection();
  await late.answer(ok(value));
  await stopping;
  assertEquals(left.length, 1);
});

Deno.test("delays grow while sessions are short, and begin anew after a long one", async () => {
  const dialler = new Dialler({ initial: 2, maximum: 64, minimumUptime: 3_600_000 });
  const delays: number[] = [];
  for (let session = 0; session < 4; session++) {
    const { value, end } = connection();
    await dialler.answer(ok(value));
    end({ kind: "goodbye", reason: "restart" });
    delays.push((await dialler.waiting()).delay);
    await dialler.until(() => dialler.supervisor.state.kind === "connecting");
  }
  assertTrue(delays[3] > delays[0] * 2, `${delays}`);
  const { value, end } = connection();
  await dialler.answer(ok(value));
  end({ kind: "left" });
  await dialler.supervisor.stop("");
});

Deno.test("a service without our version is offered its own, if that is spoken here", async () => {
  const dialler = new Dialler(undefined, 1);
  const older = { ...reject("PROTOCOL_VERSION_UNSUPPORTED", "older"), protocol_version: 0 };
  await dialler.answer(fatal(older));
  await dialler.answer(DOWN);
  await dialler.answer(DOWN);
  assertEquals(new Set(dialler.offered), new Set([PROTOCOL_VERSION]));
  await dialler.until(() => dialler.offered.length === 4);
  const stopping = dialler.supervisor.stop("");
  await dialler.answer(DOWN);
  await stopping;
});
