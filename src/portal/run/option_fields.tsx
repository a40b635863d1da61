/** The options of a run, folded until they are wanted. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Field } from "../widgets/controls.tsx";
import type { ReadOptions, TypedOptions } from "./run_options.ts";

export interface OptionFieldsProps {
  readonly typed: TypedOptions;
  readonly wrong: ReadOptions["wrong"];
  readonly onChange: (typed: TypedOptions) => void;
}

const KEYS = ["walltime", "priority", "attempts", "count", "group", "resources"] as const;
/** Without sign and fraction: the keypads of phones lack the minus, and some the decimal point. */
const COUNTS: readonly string[] = ["attempts", "count"];

export function OptionFields({ typed, wrong, onChange }: OptionFieldsProps): ComponentChildren {
  const isWrong = Object.keys(wrong).length > 0;
  return (
    <details class="card run-options" open={isWrong || undefined}>
      <summary>{english.run.options}</summary>
      <div class="run-fields">
        {KEYS.map((key) => (
          <Field
            key={key}
            label={english.run[key]}
            note={english.run[`${key}Note`]}
            wrong={wrong[key]}
          >
            {(attributes) => (
              <input
                {...attributes}
                type="text"
                class={key === "resources" ? "mono" : undefined}
                inputMode={COUNTS.includes(key) ? "numeric" : "text"}
                autocomplete="off"
                spellcheck={false}
                value={typed[key]}
                onInput={(event) => onChange({ ...typed, [key]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
      </div>
    </details>
  );
}
