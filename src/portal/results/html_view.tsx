/**
 * HTML of a result: as text, and on request as a page that can do nothing. Its frame has no
 * permission at all, so its origin is nobody's, and its policy lets it load nothing.
 *
 * A frame whose content comes from the page itself has the page's policy too, by which no style that
 * stands in HTML counts. So that frame is in another one, an empty file of the service with a policy
 * of its own.
 */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { PORTAL_FILES_PATH, PREVIEW_FILE } from "../../contract/portal_paths.ts";
import { english } from "../texts/english.ts";
import { isolatedPage } from "./isolated_page.ts";
import { ResultActions } from "./result_actions.tsx";
import { TextView } from "./text_view.tsx";

export function HtmlView(
  { html, name }: { readonly html: string; readonly name: string },
): ComponentChildren {
  const previewed = useSignal(false);
  const isPreviewed = previewed.value;
  const { preview, previewNote, asText } = english.results;
  return (
    <>
      <div class="row">
        <button type="button" class="small" onClick={() => previewed.value = !isPreviewed}>
          {isPreviewed ? asText : preview}
        </button>
        {isPreviewed && <span class="muted small">{previewNote}</span>}
      </div>
      {isPreviewed
        ? (
          <iframe
            key={html}
            class="result-frame"
            sandbox="allow-same-origin"
            src={PORTAL_FILES_PATH + PREVIEW_FILE}
            title={preview}
            onLoad={(event) => fill(event.currentTarget.contentDocument, html)}
          />
        )
        : <TextView text={html} />}
      <ResultActions text={html} name={name} extension="html" type="text/html" />
    </>
  );
}

/** @param place null when the file could not be had */
function fill(place: Document | null, html: string): void {
  if (place === null) return;
  const frame = place.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.title = english.results.preview;
  frame.srcdoc = isolatedPage(html);
  place.body.replaceChildren(frame);
}
