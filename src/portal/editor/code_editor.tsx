/**
 * A text field for code. The editor behind it comes in a file of its own, after the page: until it is
 * there, and when it cannot be had, a plain text field takes the same text.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { english } from "../texts/english.ts";
import { Echoes } from "./echoes.ts";
import type { CodeLanguage, OpenEditor } from "./open_editor.ts";
import { useId } from "../widgets/use_id.ts";

export type { CodeLanguage };

export interface CodeEditorProps {
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly language: CodeLanguage;
  /** Its name for who does not see it; shown nowhere. */
  readonly label: string;
  readonly readOnly?: boolean;
  /** Marks it, and is read out with it. */
  readonly wrong?: string;
}

export function CodeEditor(props: CodeEditorProps): ComponentChildren {
  const { value, label, language, readOnly = false, wrong } = props;
  const host = useRef<HTMLDivElement>(null);
  const editor = useEditor(props, host);
  const note = useId();
  return (
    <div class={wrong === undefined ? "editor" : "editor invalid"}>
      {!editor && (
        <textarea
          class="mono"
          aria-label={label}
          aria-describedby={note}
          aria-invalid={wrong !== undefined}
          spellcheck={false}
          readOnly={readOnly}
          rows={Math.min(24, Math.max(4, value.split("\n", 25).length))}
          value={value}
          onInput={(event) => props.onChange?.(event.currentTarget.value)}
        />
      )}
      {/* A shadow root is made for one language and one label; others get another one. */}
      <div ref={host} key={`${language} ${readOnly} ${label}`} />
      <p class="note" id={note}>
        {wrong !== undefined && <span class="wrong">{wrong}</span>}
        {!readOnly && editor && <span>{english.editor.keys}</span>}
      </p>
    </div>
  );
}

/** Opens the editor in `host`, and keeps its text to that of the properties. True when it is open. */
function useEditor(
  props: CodeEditorProps,
  host: { readonly current: HTMLDivElement | null },
): boolean {
  const { value, language, label, readOnly = false, wrong } = props;
  const latest = useRef(props);
  latest.current = props;
  const editor = useRef<OpenEditor | undefined>(undefined);
  const echoes = useRef(new Echoes());
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let left = false;
    const open = async (): Promise<void> => {
      const { openEditor } = await import("./open_editor.ts");
      if (left || host.current === null) return;
      editor.current = openEditor(host.current, {
        language,
        label,
        readOnly,
        // What was typed into the plain field meanwhile.
        text: latest.current.value,
        description: readOnly ? undefined : english.editor.keys,
        onChange: (text) => {
          echoes.current.expect(text);
          latest.current.onChange?.(text);
        },
      });
      editor.current.setWrong(latest.current.wrong);
      setOpen(true);
    };
    open().catch((thrown) => console.warn("the editor could not be loaded", thrown));
    return () => {
      left = true;
      editor.current?.close();
      editor.current = undefined;
      setOpen(false);
    };
  }, [language, label, readOnly]);
  useEffect(() => {
    if (!echoes.current.isEcho(value)) editor.current?.setText(value);
  }, [value]);
  useEffect(() => editor.current?.setWrong(wrong), [wrong]);
  return isOpen;
}
