/**
 * Certificates of services that no public authority has signed: the authority that a user gives with
 * `login --ca`, and what is said where it is missing.
 */
import { X509Certificate } from "node:crypto";
import { FuncxError } from "./errors.ts";

/** A chain of a site's own authority has some KB; the system's own bundle of all is no such file. */
const MAX_AUTHORITY_BYTES = 64 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates in a PEM file, and nothing else of it. Throws `INPUT_INVALID`. */
export function readAuthority(path: string): string {
  const certificates = readText(path).match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw invalid(path, "holds no certificate in PEM");
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw invalid(path, "holds a certificate that cannot be read");
    }
  }
  return `${certificates.join("\n")}\n`;
}

function readText(path: string): string {
  try {
    const { size, isFile } = Deno.statSync(path);
    if (!isFile) throw invalid(path, "is no file");
    if (size <= MAX_AUTHORITY_BYTES) return Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof FuncxError) throw thrown;
    throw invalid(path, `cannot be read: ${(thrown as Error).message}`);
  }
  throw invalid(path, `has more than ${MAX_AUTHORITY_BYTES / 1024} KB`);
}

function invalid(path: string, problem: string): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message: `${path} ${problem}`,
    hint: "Give the certificate of the authority that signed the service's, a file that begins " +
      "with -----BEGIN CERTIFICATE-----.",
  });
}
