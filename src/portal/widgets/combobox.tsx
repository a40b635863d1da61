/** A text field that finds one of many, by keyboard and pointer: the combobox of WAI-ARIA 1.2. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import { Field } from "./controls.tsx";
import { useId } from "./use_id.ts";

export interface ComboboxOption {
  readonly id: string;
  /** What stands in the field when it is chosen. */
  readonly text: string;
  readonly detail?: ComponentChildren;
  /** Why it cannot be chosen; it is shown all the same. */
  readonly refused?: string;
}

export interface ComboboxProps {
  readonly label: string;
  readonly note?: string;
  readonly wrong?: string;
  /** Of the chosen option; empty when there is none. */
  readonly text: string;
  readonly options: readonly ComboboxOption[];
  /** Shown in place of options when there are none. */
  readonly empty: string;
  /** Told what is searched, at each key; empty when it opens. */
  readonly onSearch: (text: string) => void;
  readonly onChoose: (id: string) => void;
}

export function Combobox(props: ComboboxProps): ComponentChildren {
  const { label, note, wrong, text, options } = props;
  const isOpen = useSignal(false);
  const typed = useSignal("");
  const active = useSignal(-1);
  const list = useId();
  const { value: at } = active;
  const close = (): void => {
    isOpen.value = false;
    active.value = -1;
  };
  const open = (): void => {
    if (isOpen.value) return;
    isOpen.value = true;
    typed.value = "";
    props.onSearch("");
  };
  const choose = (option: ComboboxOption | undefined): void => {
    if (option === undefined || option.refused !== undefined) return;
    props.onChoose(option.id);
    close();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      open();
      active.value = nextOf(at, step, options.length);
    } else if (event.key === "Enter" && isOpen.value) {
      event.preventDefault();
      choose(options[at] ?? onlyOne(options));
    } else if (event.key === "Escape") close();
  };
  return (
    <div class="combobox">
      <Field label={label} note={note} wrong={wrong}>
        {(attributes) => (
          <input
            {...attributes}
            type="text"
            role="combobox"
            dir="auto"
            autocomplete="off"
            spellcheck={false}
            aria-expanded={isOpen.value}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={at < 0 ? undefined : `${list}-${at}`}
            value={isOpen.value ? typed.value : text}
            placeholder={text}
            onFocus={open}
            onClick={open}
            onBlur={close}
            onInput={(event) => {
              open();
              typed.value = event.currentTarget.value;
              active.value = -1;
              props.onSearch(typed.value);
            }}
            onKeyDown={onKeyDown}
          />
        )}
      </Field>
      {isOpen.value && <Options id={list} props={props} active={active} onChoose={choose} />}
    </div>
  );
}

interface OptionsProps {
  readonly id: string;
  readonly props: ComboboxProps;
  readonly active: Signal<number>;
  readonly onChoose: (option: ComboboxOption) => void;
}

function Options(
  { id, props: { label, options, empty }, active, onChoose }: OptionsProps,
): ComponentChildren {
  const list = useRef<HTMLUListElement>(null);
  const { value: at } = active;
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  if (options.length === 0) return <p class="options muted" role="status">{empty}</p>;
  return (
    <ul
      class="options"
      role="listbox"
      aria-label={label}
      id={id}
      ref={list}
      // The field keeps the focus.
      onMouseDown={(event) => event.preventDefault()}
    >
      {options.map((option, index) => (
        <li
          key={option.id}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === at}
          aria-disabled={option.refused !== undefined}
          onClick={() => onChoose(option)}
        >
          <span class="wrap" dir="auto">{option.text}</span>
          <span class="muted small">{option.refused ?? option.detail}</span>
        </li>
      ))}
    </ul>
  );
}

function nextOf(at: number, step: number, count: number): number {
  if (count === 0) return -1;
  return at < 0 ? (step > 0 ? 0 : count - 1) : (at + step + count) % count;
}

function onlyOne(options: readonly ComboboxOption[]): ComboboxOption | undefined {
  return options.length === 1 ? options[0] : undefined;
}
