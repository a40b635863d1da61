import { assertEquals, assertMatch } from "../lib/assert.ts";
import { untrustedFailure } from "./untrusted.ts";

const URL = "https://funcx.example.org";

Deno.test("a certificate that is refused is told with its reason, however deep that is", () => {
  const reasons = {
    "invalid peer certificate: UnknownIssuer": /does not know the authority/,
    "self-signed certificate in certificate chain": /does not know the authority/,
    "unable to verify the first certificate": /does not know the authority/,
    "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))": /of an authority itself/,
    "invalid peer certificate: certificate expired": /certificate$/,
    "certificate has expired": /has expired/,
    "invalid peer certificate: NotValidForName": /another name/,
    "Hostname/IP does not match certificate's altnames: x": /another name/,
  };
  for (const [reason, words] of Object.entries(reasons)) {
    const thrown = new TypeError("fetch failed", { cause: new Error(`client error: ${reason}`) });
    const failure = untrustedFailure(URL, thrown);
    assertEquals([reason, failure?.code], [reason, "SERVICE_NOT_TRUSTED"]);
    assertMatch(failure!.message, words);
    assertMatch(failure!.hint!, /\S/);
  }
  assertMatch(
    untrustedFailure(URL, "unable to get local issuer certificate")!.hint!,
    /login URL --ca/,
  );
  assertEquals(untrustedFailure(URL, new Error("connection refused")), undefined);
});
