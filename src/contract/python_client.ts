/** `funcx.py`, the Python client of one file: the service gives it out, and the command prints it. */
import { sha256 } from "@noble/hashes/sha2.js";
import SOURCE from "./python_client/funcx.py" with { type: "text" };

export const PYTHON_CLIENT_SOURCE: string = SOURCE;

/** SHA-256 of the file in lower-case hexadecimal. */
export function pythonClientChecksum(): string {
  return sha256(new TextEncoder().encode(SOURCE)).toHex();
}
