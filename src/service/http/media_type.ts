/** The two forms of a body, and which one a request brings and asks for. */
import { MSGPACK_TYPE } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";

export type MediaType = "application/json" | typeof MSGPACK_TYPE;

export const JSON_TYPE = "application/json";

/** Throws UNSUPPORTED_MEDIA_TYPE for anything but JSON and msgpack, and for compressed bodies. */
export function bodyType(headers: Headers): MediaType {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw unsupported(`a body with Content-Encoding ${quote(encoding)}`, "send it uncompressed");
  }
  const header = headers.get("content-type");
  const [essence, ...parameters] = (header ?? "").toLowerCase().split(";").map((p) => p.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw unsupported(`a body with ${quote(charset)}`, "send it in UTF-8");
  }
  if (essence === JSON_TYPE || essence === MSGPACK_TYPE) return essence;
  throw unsupported(
    header === null ? "a body without Content-Type" : `a body of Content-Type ${quote(header)}`,
    `send ${JSON_TYPE} or ${MSGPACK_TYPE} and name it in Content-Type`,
  );
}

/** msgpack for whoever names it in Accept, JSON for everybody else. */
export function answerType(headers: Headers): MediaType {
  const accept = headers.get("accept");
  if (accept === null || !accept.includes(MSGPACK_TYPE)) return JSON_TYPE;
  const refused = /application\/msgpack\s*;\s*q=0(\.0*)?\s*(,|$)/.test(accept);
  return refused ? JSON_TYPE : MSGPACK_TYPE;
}

function unsupported(found: string, hint: string): FuncxError {
  return new FuncxError({ code: "UNSUPPORTED_MEDIA_TYPE", message: `${found} is not taken`, hint });
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
