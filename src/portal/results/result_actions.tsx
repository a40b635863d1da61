/** What can be done with a view of a result: copy it, or have it as a file. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { bytesText } from "../widgets/units.ts";
import { saveBlob } from "../widgets/save.ts";
import { fileName } from "./file_name.ts";

export interface ResultActionsProps {
  readonly text: string;
  readonly name: string;
  readonly extension: string;
  /** MIME type of the file. */
  readonly type: string;
}

/** More than this in the clipboard stops most programs that it is pasted into. */
const MAX_COPIED = 4_000_000;

export function ResultActions(
  { text, name, extension, type }: ResultActionsProps,
): ComponentChildren {
  return (
    <div class="result-actions">
      <span class="muted small">{bytesText(text.length)}</span>
      {text.length <= MAX_COPIED && <CopyButton text={text} />}
      <button
        type="button"
        class="small"
        onClick={() => saveBlob(fileName(name, extension), new Blob([text], { type }))}
      >
        {english.results.download(extension)}
      </button>
    </div>
  );
}
