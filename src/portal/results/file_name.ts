/** What files are called that are made of results. */

/** A name that any system takes, cut where it would be too long. */
export function fileName(name: string, extension: string): string {
  const clean = name.normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, "_")
    .replace(/^[. ]+|[. ]+$/g, "");
  return `${[...clean].slice(0, 80).join("") || "result"}.${extension}`;
}
