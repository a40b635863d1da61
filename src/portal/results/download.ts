/** Files out of results. */

/** As the browser's own download. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A name that any system takes, cut where it would be too long. */
export function fileName(name: string, extension: string): string {
  const clean = name.normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, "_")
    .replace(/^[. ]+|[. ]+$/g, "");
  return `${[...clean].slice(0, 80).join("") || "result"}.${extension}`;
}
