/** The two forms of a body, and which one a request brings and asks for. */
import { MSGPACK_TYPE } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";

export type MediaType = "application/json" | typeof MSGPACK_TYPE;

export const JSON_TYPE = "application/json";

export const FORM_TYPE = "application/x-www-form-urlencoded";

/** Throws UNSUPPORTED_MEDIA_TYPE for anything but JSON and msgpack, and for compressed bodies. */
export function bodyType(headers: Headers): MediaType {
  const essence = essenceOf(headers);
  if (essence === JSON_TYPE || essence === MSGPACK_TYPE) return essence;
  throw unsupported(
    foundType(headers),
    `send ${JSON_TYPE} or ${MSGPACK_TYPE} and name it in Content-Type`,
  );
}

/** The same for anything but a form. */
export function requireForm(headers: Headers): void {
  if (essenceOf(headers) === FORM_TYPE) return;
  throw unsupported(foundType(headers), `send ${FORM_TYPE} and name it in Content-Type`);
}

/** Without parameters, of a body that is not compressed and in UTF-8. */
function essenceOf(headers: Headers): string {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw unsupported(`a body with Content-Encoding ${quote(encoding)}`, "send it uncompressed");
  }
  const [essence = "", ...parameters] = (headers.get("content-type") ?? "").toLowerCase()
    .split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw unsupported(`a body with ${quote(charset)}`, "send it in UTF-8");
  }
  return essence;
}

function foundType(headers: Headers): string {
  const header = headers.get("content-type");
  return header === null
    ? "a body without Content-Type"
    : `a body of Content-Type ${quote(header)}`;
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
