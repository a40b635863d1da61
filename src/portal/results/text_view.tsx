/** Text of any length, a part at a time. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { bytesText } from "../widgets/units.ts";
import { beginning, visibleText } from "./visible_text.ts";

/** Characters that a browser lays out without a pause. */
const PART = 64_000;

export function TextView(
  { text, label }: { readonly text: string; readonly label?: string },
): ComponentChildren {
  const length = useSignal(PART);
  useEffect(() => {
    length.value = PART;
  }, [text]);
  const parts = partsOf(text, length.value);
  const shown = parts.reduce((sum, part) => sum + part.length, 0);
  return (
    <div class="result-text">
      <pre tabIndex={0} aria-label={label ?? english.results.text}>
        {parts.map((part, index) => <span key={index}>{visibleText(part)}</span>)}
      </pre>
      {shown < text.length && (
        <div class="result-more">
          <span class="muted small">
            {english.results.shownOf(bytesText(shown), bytesText(text.length))}
          </span>
          <button type="button" class="small" onClick={() => length.value += PART}>
            {english.common.more}
          </button>
        </div>
      )}
    </div>
  );
}

/** Parts stay what they are when more is shown, so that the page lays out only what is new. */
function partsOf(text: string, length: number): readonly string[] {
  const parts: string[] = [];
  let position = 0;
  for (let left = length; left > 0 && position < text.length; left -= PART) {
    const part = beginning(text.slice(position, position + PART + 1), PART);
    parts.push(part);
    position += part.length;
  }
  return parts;
}
