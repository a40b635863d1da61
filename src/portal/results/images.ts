/** Finds a picture in a result: a data URL, base64, or a bundle by MIME type. */

export interface ImageData {
  readonly type: ImageType;
  /** Base64 without spaces, or the SVG's text. */
  readonly data: string;
}
export type ImageType = "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/svg+xml";

/** How each kind begins in base64; three bytes are four characters. */
const BEGINNINGS: readonly (readonly [ImageType, RegExp])[] = [
  ["image/png", /^iVBORw0KGgo/],
  ["image/jpeg", /^\/9j\//],
  ["image/gif", /^R0lGOD/],
  ["image/webp", /^UklGR.{10}XRUJQ|^UklGR[A-Za-z0-9+/]{6}[A-Za-z0-9+/]V0VCU/],
];
/** Shorter ones are rather words that happen to begin so. */
const MIN_BASE64 = 60;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const SVG = /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i;
const DATA_URL = /^data:image\/[a-z+.-]+(;[a-z0-9=._-]+)*?(;base64)?,/i;
const BUNDLED: readonly string[] = [
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/svg+xml",
];

/** What an object may call the type of its content, and the content. */
const TYPE_KEYS = [
  "mime",
  "mimetype",
  "mime_type",
  "mimeType",
  "media_type",
  "mediaType",
  "content_type",
  "contentType",
  "type",
];
const DATA_KEYS = ["data", "base64", "content", "body", "bytes"];

type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined where there is none. What the bytes are counts, and not what is said of them. */
export function imageOf(value: unknown): ImageData | undefined {
  if (typeof value === "string") return ofText(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = value as JsonObject;
  return ofBundle(fields) ?? ofTyped(fields) ?? ofDisplayData(fields);
}

function ofBundle(fields: JsonObject): ImageData | undefined {
  for (const type of BUNDLED) {
    const found = fields[type];
    const text = Array.isArray(found) ? found.join("") : found;
    if (typeof text === "string") return ofText(text);
  }
  return undefined;
}

function ofTyped(fields: JsonObject): ImageData | undefined {
  const isImage = TYPE_KEYS.some((key) => /^image\//.test(String(fields[key])));
  if (!isImage) return undefined;
  const data = DATA_KEYS.map((key) => fields[key]).find((found) => typeof found === "string");
  return typeof data === "string" ? ofText(data) : undefined;
}

/** An output of a notebook: `{output_type, data: {"image/png": …}}`. */
function ofDisplayData(fields: JsonObject): ImageData | undefined {
  const { data } = fields;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  return ofBundle(data as JsonObject);
}

function ofText(text: string): ImageData | undefined {
  if (SVG.test(text.slice(0, 2_000))) return { type: "image/svg+xml", data: text };
  const url = DATA_URL.exec(text.slice(0, 200));
  return url === null
    ? ofBase64(text)
    : ofDataUrl(text.slice(url[0].length), /;base64,$/i.test(url[0]));
}

function ofDataUrl(rest: string, isBase64: boolean): ImageData | undefined {
  try {
    if (!isBase64) return ofText(decodeURIComponent(rest));
    const found = ofBase64(rest);
    return found ?? ofText(new TextDecoder().decode(bytesOf(rest.replace(/\s/g, ""))));
  } catch {
    // No proper encoding, so no picture.
    return undefined;
  }
}

function ofBase64(text: string): ImageData | undefined {
  const type = BEGINNINGS.find(([, pattern]) => pattern.test(text.slice(0, 40)))?.[0];
  if (type === undefined || text.length < MIN_BASE64) return undefined;
  const data = /\s/.test(text) ? text.replace(/\s/g, "") : text;
  return isBase64(data) ? { type, data } : undefined;
}

/** Of a length that whole bytes have, with the padding or without it. */
function isBase64(text: string): boolean {
  const over = text.length % 4;
  return BASE64.test(text) && (over === 0 || over !== 1 && !text.endsWith("="));
}

/** Throws `InvalidCharacterError` for what is no base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** The file that the picture is. */
export function imageFile({ type, data }: ImageData): Blob {
  return new Blob([type === "image/svg+xml" ? data : bytesOf(data)], { type });
}
