/** The code of a function in colours, or why it cannot be shown. */
import { type ComponentChildren, Fragment } from "preact";
import { CodeEditor } from "../editor/code_editor.tsx";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { bytesText } from "../widgets/units.ts";
import type { FunctionCode } from "./function_code.ts";

const texts = english.function;

export interface CodeViewProps {
  readonly code: FunctionCode;
  /** What the client that registered it told of itself. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

export function CodeView({ code, metadata }: CodeViewProps): ComponentChildren {
  switch (code.kind) {
    case "source":
      return (
        <div class="code-view">
          <CodeEditor value={code.text} language={code.language} label={texts.code} readOnly />
          <div class="row">
            {code.entry !== "" && (
              <span class="muted">
                {texts.entry} <code>{code.entry}</code>
              </span>
            )}
            <CopyButton text={code.text} />
          </div>
        </div>
      );
    case "serialized":
      return (
        <div class="hint-box">
          <p>{texts.serialized[code.how]}</p>
          <p class="muted">{texts.size(bytesText(code.bytes), code.header)}</p>
          {metadata !== null && <Metadata metadata={metadata} />}
        </div>
      );
    case "unreadable":
      return <p class="hint-box">{texts.unreadable(code.reason)}</p>;
  }
}

function Metadata({ metadata }: Pick<CodeViewProps, "metadata">): ComponentChildren {
  return (
    <dl class="facts">
      {Object.entries(metadata ?? {}).slice(0, 20).map(([key, value]) => (
        <Fragment key={key}>
          <dt>{key}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
