/** What browsers are told about the portal's pages and files. */
import { PREVIEW_FILE } from "../../contract/portal_paths.ts";

/**
 * Only files of this service run or are loaded, and no text becomes a script: should a task's output
 * ever get into a page as markup, it stays text. Results that are HTML are shown in a frame with a
 * policy of its own.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/**
 * Of the file around HTML of results, whose frame in it has this policy too: nothing runs or is
 * loaded, and the HTML has its own styles and pictures. Only the portal's pages may have it in a frame.
 */
const PREVIEW_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "font-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox allow-same-origin",
].join("; ");

/** What the pages never ask for. */
const REFUSED_FEATURES = [
  "camera",
  "display-capture",
  "geolocation",
  "microphone",
  "payment",
  "publickey-credentials-get",
  "serial",
  "usb",
];

const COMMON_HEADERS: readonly (readonly [string, string])[] = [
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["permissions-policy", REFUSED_FEATURES.map((feature) => `${feature}=()`).join(", ")],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

export const PAGE_HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", CONTENT_SECURITY_POLICY],
  ...COMMON_HEADERS,
  ["x-frame-options", "DENY"],
];

const PREVIEW_HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", PREVIEW_SECURITY_POLICY],
  ...COMMON_HEADERS,
  ["x-frame-options", "SAMEORIGIN"],
];

/** @param name of a file of the portal */
export function headersOf(name: string): readonly (readonly [string, string])[] {
  return name === PREVIEW_FILE ? PREVIEW_HEADERS : PAGE_HEADERS;
}
