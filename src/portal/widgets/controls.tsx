/** Small parts of forms and pages. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { useId } from "./use_id.ts";

const COPIED = 1_500;

/** `label` says what is copied where a page has several of these. */
export function CopyButton(
  { text, label }: { readonly text: string; readonly label?: string },
): ComponentChildren {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    copied.value = true;
    setTimeout(() => copied.value = false, COPIED);
  };
  return (
    <button type="button" class="small" aria-label={label} onClick={() => void copy()}>
      {copied.value ? english.common.copied : english.common.copy}
    </button>
  );
}

/** Text to be copied, such as a command. */
export function CodeBlock({ text }: { readonly text: string }): ComponentChildren {
  return (
    <div class="code">
      {/* Keyboards have to reach what scrolls. */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} />
    </div>
  );
}

export interface FieldProps {
  readonly label: string;
  readonly note?: string;
  /** What is wrong with what was entered. */
  readonly wrong?: string;
  /** The control, with what joins it to its label and messages. */
  readonly children: (
    attributes: Pick<JSX.HTMLAttributes, "id"> & {
      readonly "aria-describedby": string | undefined;
      readonly "aria-invalid": boolean;
    },
  ) => ComponentChildren;
}

export function Field({ label, note, wrong, children }: FieldProps): ComponentChildren {
  const id = useId();
  const described = note !== undefined || wrong !== undefined ? `${id}-note` : undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described, "aria-invalid": wrong !== undefined })}
      {wrong !== undefined
        ? <p class="wrong" id={described}>{wrong}</p>
        : note !== undefined && <p class="note" id={described}>{note}</p>}
    </div>
  );
}

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>(
  { label, value, options, onChange }: ChoiceProps<T>,
): ComponentChildren {
  return (
    <Field label={label}>
      {(attributes) => (
        <select
          {...attributes}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value as T)}
        >
          {options.map(([option, text]) => <option key={option} value={option}>{text}</option>)}
        </select>
      )}
    </Field>
  );
}

export interface ConfirmProps {
  readonly title: string;
  readonly confirm: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** Asks before something that cannot be taken back. */
export function Confirm(
  { title, confirm, onConfirm, onClose, children }: ConfirmProps,
): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          {english.common.cancel}
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            onConfirm();
            dialog.current?.close();
          }}
        >
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
