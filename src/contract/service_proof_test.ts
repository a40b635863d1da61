import { assertEquals } from "../lib/assert.ts";
import { newNonce, proofOf, verifyService } from "./service_proof.ts";

const KEY = "00ff".repeat(16);

/** A server on a free port that answers `GET /v3/health` with what `answer` makes of the nonce. */
function healthServer(
  answer: (nonce: string, url: string) => Response,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    (request) => {
      const { origin, searchParams } = new URL(request.url);
      return answer(searchParams.get("nonce") ?? "", origin);
    },
  );
}

async function outcomeWith(answer: (nonce: string, url: string) => Response): Promise<string> {
  await using server = healthServer(answer);
  const outcome = await verifyService({
    url: `http://127.0.0.1:${server.addr.port}`,
    proof_key: KEY,
  });
  return outcome.kind === "ok" ? "ok" : outcome.failure.code;
}

Deno.test("a service that holds the key is ours", async () => {
  assertEquals(
    await outcomeWith((nonce, url) => Response.json({ proof: proofOf(KEY, nonce, url) })),
    "ok",
  );
});

Deno.test("anything else on the port is not ours", async () => {
  const other = "11".repeat(32);
  const answers: ((nonce: string, url: string) => Response)[] = [
    (nonce, url) => Response.json({ proof: proofOf(other, nonce, url) }),
    (_, url) => Response.json({ proof: proofOf(KEY, newNonce(), url) }),
    // Passed on from the service, which has moved to another port.
    (nonce) => Response.json({ proof: proofOf(KEY, nonce, "http://127.0.0.1:1") }),
    () => Response.json({}),
    () => Response.json(null),
    () => new Response("<html>"),
  ];
  for (const answer of answers) assertEquals(await outcomeWith(answer), "SERVICE_NOT_OURS");
});

Deno.test("a port where nobody listens is unavailable", async () => {
  const server = healthServer(() => new Response());
  const url = `http://127.0.0.1:${server.addr.port}`;
  await server.shutdown();
  const outcome = await verifyService({ url, proof_key: KEY });
  assertEquals(outcome.kind === "retryable" && outcome.failure.code, "SERVICE_UNAVAILABLE");
});
