/** Where `funcx.py` is had from a service; without the file, which the portal does not carry. */

/** Where the service has it; open to everybody, as it holds no secret. */
export const PYTHON_CLIENT_PATH = "/client/funcx.py";
/** Of the answer: the file's SHA-256 in hexadecimal. */
export const PYTHON_CLIENT_CHECKSUM_HEADER = "X-Checksum-SHA256";
