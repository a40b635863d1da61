/** The result of a task: read, and shown as what it is. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { english } from "../texts/english.ts";
import { Boundary } from "../widgets/boundary.tsx";
import { bytesText } from "../widgets/units.ts";
import { BlobResult } from "./blob_result.tsx";
import { type ReadResult, readResult } from "./read_result.ts";
import { ResultActions } from "./result_actions.tsx";
import { TextView } from "./text_view.tsx";
import { ValueView } from "./value_view.tsx";

export interface ResultViewProps {
  /** The result buffer as the REST API gives it; see `contract/envelope.ts`. */
  readonly buffer: string;
  /** What files are called that are made of it, without an extension. */
  readonly name: string;
}

export function ResultView({ buffer, name }: ResultViewProps): ComponentChildren {
  const read = useMemo(() => readResult(buffer), [buffer]);
  return (
    <section class="result" aria-label={english.results.label}>
      <Boundary of={buffer}>
        <ReadView read={read} buffer={buffer} name={name} />
      </Boundary>
    </section>
  );
}

function ReadView(
  { read, buffer, name }: ResultViewProps & { readonly read: ReadResult },
): ComponentChildren {
  const texts = english.results;
  switch (read.kind) {
    case "value":
      return <ValueView value={read.value} text={read.text} name={name} />;
    case "blob":
      return <BlobResult buffer={buffer} blob={read.blob} name={name} />;
    case "long":
      return <LongResult text={read.text} name={name} />;
    case "opaque":
      return (
        <>
          <p class="hint-box">{texts.opaque(read.header, bytesText(read.body.length))}</p>
          <ResultActions text={read.body} name={name} extension="txt" type="text/plain" />
        </>
      );
    case "malformed":
      return (
        <>
          <p class="hint-box">{texts.malformed(read.reason)}</p>
          <TextView text={read.text} />
          <ResultActions text={read.text} name={name} extension="txt" type="text/plain" />
        </>
      );
  }
}

/** JSON that would take long to be taken apart: its beginning, and the file. */
function LongResult(
  { text, name }: { readonly text: string; readonly name: string },
): ComponentChildren {
  return (
    <>
      <p class="hint-box">{english.results.long(bytesText(text.length))}</p>
      <TextView text={text} />
      <ResultActions text={text} name={name} extension="json" type="application/json" />
    </>
  );
}
