/** A picture. SVG is shown as a picture too, in which no script runs and nothing is loaded. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { bytesText } from "../widgets/units.ts";
import { saveBlob } from "../widgets/save.ts";
import { fileName } from "./file_name.ts";
import { type ImageData, imageFile } from "./images.ts";

const EXTENSIONS: Readonly<Record<ImageData["type"], string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
};

export function ImageView(
  { image, name }: { readonly image: ImageData; readonly name: string },
): ComponentChildren {
  const file = useMemo(() => imageFile(image), [image]);
  const url = useSignal<string | undefined>(undefined);
  const size = useSignal<string | undefined>(undefined);
  const failed = useSignal(false);
  useEffect(() => {
    failed.value = false;
    const made = urlOf(image, file);
    url.value = made;
    return () => URL.revokeObjectURL(made);
  }, [image]);
  const extension = EXTENSIONS[image.type];
  return (
    <>
      {failed.value
        ? <p class="hint-box">{english.results.brokenImage}</p>
        : (
          <div class="result-image">
            {url.value !== undefined && (
              <img
                src={url.value}
                alt={english.results.imageAlt(name)}
                onError={() => failed.value = true}
                onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
                  size.value = `${naturalWidth} × ${naturalHeight}`}
              />
            )}
          </div>
        )}
      <div class="result-actions">
        <span class="muted small">
          {[extension.toUpperCase(), size.value, bytesText(file.size)].filter(Boolean).join(" · ")}
        </span>
        <button
          type="button"
          class="small"
          onClick={() => saveBlob(fileName(name, extension), file)}
        >
          {english.results.download(extension)}
        </button>
      </div>
    </>
  );
}

/**
 * A blob's address has the origin of this page, and an SVG that somebody opens by itself may have
 * scripts; a data address has no origin, and browsers open none by itself.
 */
function urlOf({ type, data }: ImageData, file: Blob): string {
  return type === "image/svg+xml"
    ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data.toWellFormed())}`
    : URL.createObjectURL(file);
}
