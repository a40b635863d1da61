import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { type ResolvedProfile } from "../../profile/schema.ts";
import { serviceChecks } from "./service_checks.ts";
import { linesOf, ScratchPatient } from "./testing/scratch_patient.ts";

/** A service whose clock is `ahead` milliseconds before this machine's. */
function serviceWithClock(ahead: number): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      new URL(url).pathname === "/v3/health"
        ? Response.json({ status: "ok", now: Date.now() + ahead })
        : new Response("no", { status: 404 }),
  );
}

function urlOf({ addr }: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://127.0.0.1:${addr.port}`;
}

function withService(service: string): ResolvedProfile {
  // Only the address matters to these checks.
  return { service } as ResolvedProfile;
}

function logIn(scratch: ScratchPatient, url: string, current: string | null = null): void {
  scratch.makeFolder();
  const login = { current, services: { [url]: { token: "fx_secret" } } };
  Deno.writeTextFileSync(scratch.home.loginFile, JSON.stringify(login));
}

Deno.test("no service at all is fine, since start brings one up", async () => {
  using scratch = new ScratchPatient();
  const [line, ...rest] = await linesOf(serviceChecks(scratch.patient()));
  assertMatch(line, /^ok service: none is configured/);
  assertEquals(rest, []);
});

Deno.test("a service that answers is fine, and so is its clock", async () => {
  using scratch = new ScratchPatient();
  await using service = serviceWithClock(0);
  const url = urlOf(service);
  logIn(scratch, url, url);
  const [answer, clock] = await linesOf(serviceChecks(scratch.patient()));
  assertMatch(answer, /^ok service: the service answers at http:\/\/127\.0\.0\.1:\d+ in \d+ ms$/);
  assertEquals(clock, "ok clock: agrees with the service's");
});

Deno.test("the profile's service comes before that of login", async () => {
  using scratch = new ScratchPatient();
  await using service = serviceWithClock(0);
  logIn(scratch, urlOf(service), "https://192.0.2.1");
  const profile = withService(urlOf(service));
  assertMatch((await linesOf(serviceChecks(scratch.patient({ profile }))))[0], /^ok service/);
});

Deno.test("clocks that differ are told with the direction", async () => {
  for (const [ahead, expected] of [[60_000, "behind"], [-60_000, "ahead of"]] as const) {
    using scratch = new ScratchPatient();
    await using service = serviceWithClock(ahead);
    logIn(scratch, urlOf(service), urlOf(service));
    const lines = await linesOf(serviceChecks(scratch.patient()));
    assertMatch(
      lines[1],
      new RegExp(`^warning clock: this machine's is .+ ${expected} the service's`),
    );
  }
});

Deno.test("a service without a token, and one that does not answer, fail", async () => {
  using scratch = new ScratchPatient();
  const gone = serviceWithClock(0);
  const url = urlOf(gone);
  await gone.shutdown();
  const lines = await linesOf(serviceChecks(scratch.patient({ profile: withService(url) })));
  assertMatch(lines[0], /^failed login: there is no token for/);
  assertMatch(lines[1], /^failed service: the service does not answer at/);
});

Deno.test("something else on the port is not taken for the service", async () => {
  using scratch = new ScratchPatient();
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<html>"),
  );
  logIn(scratch, urlOf(other), urlOf(other));
  const lines = await linesOf(serviceChecks(scratch.patient()));
  assertMatch(lines[0], /^failed service: the service does not answer at .*JSON/);
});

Deno.test("a damaged login.json fails", async () => {
  using scratch = new ScratchPatient();
  scratch.makeFolder();
  Deno.writeTextFileSync(scratch.home.loginFile, "{");
  assertMatch((await linesOf(serviceChecks(scratch.patient())))[0], /^failed login: .*damaged/);
});
