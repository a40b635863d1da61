/**
 * The certificate of an endpoint's manager link, signed by itself. Managers take this one and no
 * other, so it needs no name that anybody could look up, and no end before the endpoint's.
 */
import { AGENT_SERVER_NAME } from "../../contract/manager_connection.ts";

/** Both as PEM. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 60 * 60 * 1_000;
/** Before now, for nodes whose clock is behind. */
const VALID_BEFORE = 365 * DAY;
const VALID_AFTER = 10 * 365 * DAY;

/** Takes 200 ms, most of which loads the package; an endpoint does it once. */
export async function makeCredentials(now = Date.now()): Promise<Credentials> {
  // The package's decorators need it before they are read.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: crypto.getRandomValues(new Uint8Array(8)).toHex(),
    name: `CN=${AGENT_SERVER_NAME}`,
    notBefore: new Date(now - VALID_BEFORE),
    notAfter: new Date(now + VALID_AFTER),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      // Not an authority, so nothing that its key might sign is taken for the agent.
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: AGENT_SERVER_NAME }]),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return {
    certificate: certificate.toString("pem"),
    key: x509.PemConverter.encode(key, "PRIVATE KEY"),
  };
}
