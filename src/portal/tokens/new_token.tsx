/** Making a token, and showing it the one time that it can be shown. */
import type { ComponentChildren } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import type { Answer } from "../../contract/api.ts";
import { client, may } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Choice, CodeBlock, Field } from "../widgets/controls.tsx";
import { type Failure, failureOf } from "../widgets/failure.ts";
import { Problem } from "../widgets/messages.tsx";
import { GIVEN_SCOPES, type GivenScope, isIncluded } from "./token_order.ts";

const DAY = 86_400;
const LIFETIMES = { day: DAY, month: 30 * DAY, quarter: 90 * DAY, year: 365 * DAY, never: null };
type Lifetime = keyof typeof LIFETIMES;

export function NewToken({ onMade }: { readonly onMade: () => void }): ComponentChildren {
  const made = useSignal<Answer<"createToken"> | undefined>(undefined);
  const isOpen = useSignal(false);
  const { open, shownOnce, putAway } = english.tokens.create;
  if (made.value !== undefined) {
    return (
      <section class="card made-token" role="status">
        <strong>{shownOnce(made.value.label)}</strong>
        <CodeBlock text={made.value.token} />
        <p>
          <button type="button" onClick={() => made.value = undefined}>{putAway}</button>
        </p>
      </section>
    );
  }
  if (!isOpen.value) {
    return (
      <p>
        <button type="button" class="primary" onClick={() => isOpen.value = true}>{open}</button>
      </p>
    );
  }
  return (
    <Form
      onMade={(token) => {
        made.value = token;
        isOpen.value = false;
        onMade();
      }}
      onClose={() => isOpen.value = false}
    />
  );
}

interface FormProps {
  readonly onMade: (token: Answer<"createToken">) => void;
  readonly onClose: () => void;
}

function Form({ onMade, onClose }: FormProps): ComponentChildren {
  const label = useSignal("");
  const scopes = useSignal<ReadonlySet<GivenScope>>(new Set(["read"]));
  const lifetime = useSignal<Lifetime>("quarter");
  const failure = useSignal<Failure | undefined>(undefined);
  const busy = useSignal(false);
  const text = english.tokens.create;
  const make = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    try {
      onMade(
        await client.call("createToken", {
          body: {
            label: label.value.trim() || null,
            scopes: [...scopes.value],
            lifetime_seconds: LIFETIMES[lifetime.value],
          },
        }),
      );
    } catch (thrown) {
      failure.value = failureOf(thrown);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="card new-token" aria-label={text.open} onSubmit={(event) => void make(event)}>
      <h2>{text.open}</h2>
      <Field label={text.label} note={text.labelNote}>
        {(attributes) => (
          <input
            {...attributes}
            maxLength={200}
            dir="auto"
            value={label.value}
            onInput={(event) => label.value = event.currentTarget.value}
          />
        )}
      </Field>
      <Scopes scopes={scopes} />
      <Choice
        label={text.lifetime}
        value={lifetime.value}
        options={Object.entries(text.lifetimes) as [Lifetime, string][]}
        onChange={(value) => lifetime.value = value}
      />
      {failure.value !== undefined && <Problem failure={failure.value} />}
      <div class="row">
        <button type="submit" class="primary" disabled={busy.value || scopes.value.size === 0}>
          {text.make}
        </button>
        <button type="button" onClick={onClose}>{english.common.cancel}</button>
      </div>
    </form>
  );
}

/** Only what the session itself may do can be given on. */
function Scopes(
  { scopes }: { readonly scopes: Signal<ReadonlySet<GivenScope>> },
): ComponentChildren {
  const { scopes: title, explained } = english.tokens.create;
  return (
    <fieldset>
      <legend>{title}</legend>
      {GIVEN_SCOPES.filter((scope) => may(scope)).map((scope) => {
        const included = isIncluded(scope, scopes.value);
        return (
          <label key={scope} class="scope">
            <input
              type="checkbox"
              checked={included || scopes.value.has(scope)}
              disabled={included}
              onChange={(event) => {
                const next = new Set(scopes.value);
                if (event.currentTarget.checked) next.add(scope);
                else next.delete(scope);
                scopes.value = next;
              }}
            />
            <span>
              <code>{scope}</code> <span class="muted">{explained[scope]}</span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
