/** The arguments of a call, by a form made from the function's parameters, or as JSON. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { CodeEditor } from "../editor/code_editor.tsx";
import { tell } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Field } from "../widgets/controls.tsx";
import { TabPanel, Tabs } from "../widgets/tabs.tsx";
import { asForm, asJson, type ReadArguments } from "./call_arguments.ts";
import { type Draft } from "./draft.ts";
import { optionsOf, type ParameterField, textUnder } from "./parameter_fields.ts";

export interface ArgumentsEditorProps {
  /** Undefined where the function tells no parameters. */
  readonly fields: readonly ParameterField[] | undefined;
  readonly runtime: string;
  readonly draft: Draft;
  readonly read: ReadArguments;
  /** What is missing is told only after somebody has tried to run. */
  readonly isTried: boolean;
  readonly onChange: (draft: Draft) => void;
}

export function ArgumentsEditor(props: ArgumentsEditorProps): ComponentChildren {
  const { fields, draft } = props;
  const panel = useId();
  const { arguments: title, mode, form, json } = english.run;
  return (
    <section class="card run-arguments">
      <header>
        <h2>{title}</h2>
        {fields !== undefined && (
          <Tabs
            panel={panel}
            label={mode}
            tabs={[["form", form], ["json", json.title]]}
            chosen={draft.mode}
            onChoose={(chosen) => props.onChange(switched(props, chosen))}
          />
        )}
      </header>
      {fields === undefined
        ? <JsonArguments {...props} />
        : (
          <TabPanel id={panel} chosen={draft.mode}>
            {draft.mode === "form"
              ? <ArgumentFields {...props} fields={fields} />
              : <JsonArguments {...props} />}
          </TabPanel>
        )}
    </section>
  );
}

/** What was entered in one way stands in the other one too, as far as it is right. */
function switched(
  { fields = [], runtime, draft, read }: ArgumentsEditorProps,
  mode: Draft["mode"],
): Draft {
  if (mode === draft.mode) return draft;
  if (mode === "json") {
    if (!read.ok && isAnyTyped(draft, Object.keys(read.wrong))) tell(english.run.notInJson, "bad");
    return asJson(draft, fields, runtime);
  }
  const form = asForm(draft, fields, runtime);
  if (form === undefined) tell(english.run.notInForm, "bad");
  return form ?? draft;
}

function isAnyTyped({ entered }: Draft, names: readonly string[]): boolean {
  return names.some((name) => (textUnder(entered, name) ?? "").trim() !== "");
}

function ArgumentFields(
  { fields, draft, read, isTried, onChange }: ArgumentsEditorProps & {
    readonly fields: readonly ParameterField[];
  },
): ComponentChildren {
  if (fields.length === 0) return <p class="muted">{english.run.noParameters}</p>;
  const wrong: Readonly<Record<string, string>> = read.ok ? {} : read.wrong;
  return (
    <div class="run-fields">
      {fields.map((field) => {
        const text = textUnder(draft.entered, field.name) ?? "";
        return (
          <ArgumentField
            key={field.name}
            field={field}
            text={text}
            wrong={isTried || text !== "" ? textUnder(wrong, field.name) : undefined}
            onChange={(next) =>
              onChange({ ...draft, entered: { ...draft.entered, [field.name]: next } })}
          />
        );
      })}
    </div>
  );
}

interface ArgumentFieldProps {
  readonly field: ParameterField;
  readonly text: string;
  readonly wrong: string | undefined;
  readonly onChange: (text: string) => void;
}

const LARGE = ["array", "object", "any", "rest", "named"];

function ArgumentField({ field, text, wrong, onChange }: ArgumentFieldProps): ComponentChildren {
  const { title, kind, required } = field;
  const options = optionsOf(field);
  return (
    <Field
      label={required ? title : `${title} (${english.run.optional})`}
      note={noteOf(field)}
      wrong={wrong}
    >
      {(attributes) =>
        options !== undefined
          ? (
            <select
              {...attributes}
              value={text}
              onChange={(event) => onChange(event.currentTarget.value)}
            >
              <option value="">{english.run.notGiven}</option>
              {options.map((option) => (
                <option key={option} value={option}>{choiceText(option)}</option>
              ))}
            </select>
          )
          : LARGE.includes(kind) || text.includes("\n")
          ? (
            <textarea
              {...attributes}
              rows={Math.min(8, text.split("\n").length)}
              spellcheck={false}
              dir="auto"
              value={text}
              onInput={(event) => onChange(event.currentTarget.value)}
            />
          )
          : (
            <input
              {...attributes}
              // Also for numbers: the keypads of phones lack the minus, the e, or the decimal point.
              type="text"
              autocomplete="off"
              spellcheck={false}
              dir="auto"
              value={text}
              onInput={(event) => onChange(event.currentTarget.value)}
            />
          )}
    </Field>
  );
}

function noteOf({ description, byDefault, kind }: ParameterField): string {
  const value = byDefault === undefined ? undefined : english.run.defaultIs(byDefault);
  return [kind === "choice" ? undefined : kind, value, description]
    .filter((part) => part !== undefined && part !== "rest" && part !== "named").join(" · ");
}

/** Texts without their quotes. */
function choiceText(json: string): string {
  const value: unknown = JSON.parse(json);
  return typeof value === "string" ? value : json;
}

function JsonArguments({ draft, read, onChange }: ArgumentsEditorProps): ComponentChildren {
  const { positional, keyword } = english.run;
  const wrong: Readonly<Record<string, string>> = read.ok ? {} : read.wrong;
  return (
    <div class="run-fields">
      <div class="field">
        <span class="label">{positional}</span>
        <CodeEditor
          value={draft.args}
          language="json"
          label={positional}
          wrong={wrong.args}
          onChange={(args) => onChange({ ...draft, args })}
        />
      </div>
      <div class="field">
        <span class="label">{keyword}</span>
        <CodeEditor
          value={draft.kwargs}
          language="json"
          label={keyword}
          wrong={wrong.kwargs}
          onChange={(kwargs) => onChange({ ...draft, kwargs })}
        />
      </div>
    </div>
  );
}
