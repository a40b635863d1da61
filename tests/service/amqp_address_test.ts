/** Where a service gives out results over AMQP, and what it tells clients of that. */
import { assertEquals, assertMatch } from "../../src/lib/assert.ts";
import { EXIT } from "../../src/contract/errors.ts";
import { makeAuthority } from "../helpers/authority.ts";
import { ServiceUnderTest } from "../helpers/service.ts";
import { freePorts } from "../helpers/slurm_cluster.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

interface Told {
  /** By the route that the official SDK asks. */
  readonly url: URL;
  /** By `service status`. */
  readonly status: string;
}

/** What a service that was started with these flags tells; it runs on. */
async function told(env: TestEnv, flags: readonly string[]): Promise<Told> {
  await env.ok(["service", "start", ...flags]);
  const service = await ServiceUnderTest.of(env);
  const { body } = await service.request("GET", "/v2/get_amqp_result_connection_url");
  const { amqp } = await env.json<{ amqp: { address: string } }>(["service", "status"]);
  return { url: new URL(String(body.connection_url)), status: amqp.address };
}

/** Says hello as a client of AMQP 0-9-1 does; the name of the product that answers. */
async function greeted(socket: Deno.Conn): Promise<string> {
  using open = socket;
  await open.write(Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]));
  const buffer = new Uint8Array(4_096);
  const length = await open.read(buffer) ?? 0;
  return /funcx-endpoint/.exec(new TextDecoder().decode(buffer.subarray(0, length)))?.[0] ?? "";
}

processTest("AMQP listens where it was told to, on this port or none", async (env) => {
  const [port] = freePorts(1);
  const flags = ["--listen=127.0.0.1:0", `--amqp-listen=localhost:${port}`];
  const { url, status } = await told(env, flags);
  assertEquals([url.protocol, url.host], ["amqp:", `localhost:${port}`]);
  assertEquals(status, `amqp://localhost:${port}`);
  assertEquals(
    await greeted(await Deno.connect({ hostname: "localhost", port })),
    "funcx-endpoint",
  );

  await env.ok(["service", "stop"]);
  using _taken = Deno.listen({ hostname: "localhost", port });
  const { message, hint } = await env.fails(["service", "start", ...flags], EXIT.unavailable);
  assertMatch(message, new RegExp(`cannot listen for AMQP on localhost port ${port}: .*in use`));
  assertMatch(hint, /--amqp-listen/);
});

processTest("a public address is told to clients in place of the own one", async (env) => {
  const [port] = freePorts(1);
  const listen = ["--listen=127.0.0.1:0", `--amqp-listen=127.0.0.1:${port}`];
  for (
    const [address, more, expected] of [
      ["localhost:7001", [], "amqp://localhost:7001"],
      ["[::1]", [], `amqp://[::1]:${port}`],
      // Where a proxy ends TLS before the service, it is what clients reach.
      ["hpc.example.org:5671", ["--behind-tls-proxy"], "amqps://hpc.example.org:5671"],
    ] as const
  ) {
    const flags = [...listen, `--amqp-public-address=${address}`, ...more];
    const { url, status } = await told(env, flags);
    assertEquals([`${url.protocol}//${url.host}`, status], [expected, expected]);
    await env.ok(["service", "stop"]);
  }
});

processTest("off loopback AMQP speaks TLS, and nothing else", async (env) => {
  const { authority, certificate, key } = await makeAuthority();
  env.file("authority.pem", authority);
  env.file("certificate.pem", certificate);
  env.file("key.pem", key);
  const trusting = { env: { DENO_CERT: `${env.home}/authority.pem` } };
  const [port] = freePorts(1);
  const flags = [
    "--listen=localhost:0",
    "--tls-cert=certificate.pem",
    "--tls-key=key.pem",
    `--amqp-listen=0.0.0.0:${port}`,
    `--amqp-public-address=hpc.example.org`,
  ];
  await env.ok(["service", "start", ...flags], trusting);
  const { amqp } = await env.json<{ amqp: { address: string } }>(["service", "status"], trusting);
  assertEquals(amqp.address, `amqps://hpc.example.org:${port}`);
  const caCerts = [authority];
  const socket = await Deno.connectTls({ hostname: "localhost", port, caCerts });
  assertEquals(await greeted(socket), "funcx-endpoint");
  const plain = await Deno.connect({ hostname: "localhost", port });
  assertEquals(await greeted(plain).catch(() => ""), "");
  await env.ok(["service", "stop"], trusting);
});

processTest("addresses that are wrong, or in plain text off loopback, are refused", async (env) => {
  const cases: [flags: string[], message: RegExp, hint: RegExp][] = [
    [["--amqp-listen=0.0.0.0:5672"], /AMQP on 0\.0\.0\.0 without TLS/, /--tls-cert/],
    [["--amqp-listen=hpc.example.org"], /AMQP on hpc\.example\.org without TLS/, /--tls-cert/],
    [
      ["--amqp-listen=0.0.0.0:5672", "--behind-tls-proxy"],
      /AMQP on 0\.0\.0\.0 without TLS/,
      /loopback/,
    ],
    [
      ["--amqp-public-address=hpc.example.org:5672"],
      /passwords to hpc\.example\.org:5672 in plain text/,
      /--behind-tls-proxy/,
    ],
    [["--amqp-listen=amqp://localhost"], /amqp-listen: this is not HOST:PORT/, /127\.0\.0\.1:5000/],
    [["--amqp-listen=localhost:70000"], /amqp-listen: this is not HOST:PORT/, /127\.0\.0\.1:5000/],
    [["--amqp-public-address=::1"], /amqp-public-address: this is not HOST/, /\[2001:db8::1\]/],
    [["--amqp-public-address=5672"], /amqp-public-address: this is not HOST/, /hpc\.example\.org/],
    [
      ["--amqp-listen=localhost:0", "--amqp=amqp://localhost"],
      /no AMQP port of its own/,
      /Leave out --amqp-listen/,
    ],
  ];
  for (const [flags, message, hint] of cases) {
    const failure = await env.fails(["service", "start", ...flags], EXIT.usage);
    assertMatch(failure.message, message);
    assertMatch(failure.hint, hint);
  }
  assertEquals(env.processes(), []);
});
