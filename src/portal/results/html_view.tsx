/**
 * HTML of a result: as text, and on request as a page that can do nothing. Its frame has no
 * permission at all, so its origin is nobody's, and its policy lets it load nothing.
 */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { isolatedPage } from "./isolated_page.ts";
import { ResultActions } from "./result_actions.tsx";
import { TextView } from "./text_view.tsx";

export function HtmlView(
  { html, name }: { readonly html: string; readonly name: string },
): ComponentChildren {
  const url = useSignal<string | undefined>(undefined);
  const previewed = useSignal(false);
  const isPreviewed = previewed.value;
  useEffect(() => {
    if (!isPreviewed) return;
    const made = URL.createObjectURL(new Blob([isolatedPage(html)], { type: "text/html" }));
    url.value = made;
    return () => {
      url.value = undefined;
      URL.revokeObjectURL(made);
    };
  }, [html, isPreviewed]);
  const { preview, previewNote, asText } = english.results;
  return (
    <>
      <div class="row">
        <button type="button" class="small" onClick={() => previewed.value = !isPreviewed}>
          {isPreviewed ? asText : preview}
        </button>
        {isPreviewed && <span class="muted small">{previewNote}</span>}
      </div>
      {url.value === undefined
        ? <TextView text={html} />
        : <iframe class="result-frame" sandbox="" src={url.value} title={preview} />}
      <ResultActions text={html} name={name} extension="html" type="text/html" />
    </>
  );
}
