/** The form over the page of somebody who is not signed in, or not any more. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { CodeBlock, Field } from "../widgets/controls.tsx";
import { type Failure, failureOf } from "../widgets/failure.ts";
import { Problem } from "../widgets/messages.tsx";
import { session, signIn } from "./session.ts";

/** One-time codes begin with this; tokens do not. */
const CODE = /^fxc_/;

export function SignIn(): ComponentChildren {
  const failure = useSignal<Failure | undefined>(undefined);
  const busy = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const state = session.value;
  const reason = state.kind === "signed_out" ? state.reason : undefined;
  const { title, ended, lead, command, orToken, token, tokenNote, submit, kept } = english.signIn;

  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? "";
    if (text === "") return;
    busy.value = true;
    failure.value = undefined;
    try {
      await signIn(CODE.test(text) ? { code: text } : { token: text });
    } catch (thrown) {
      failure.value = failureOf(thrown);
    } finally {
      busy.value = false;
    }
  };

  return (
    <div class="cover">
      <form
        class="card sign-in"
        aria-labelledby="sign-in-title"
        onSubmit={(event) => void send(event)}
      >
        <h1 id="sign-in-title">{reason === undefined ? title : ended}</h1>
        {reason !== undefined && <p class="hint-box">{reason}. {kept}</p>}
        <p>{lead}</p>
        <CodeBlock text={command} />
        <p>{orToken}</p>
        <Field label={token} note={tokenNote}>
          {(attributes) => (
            <input
              {...attributes}
              ref={input}
              type="password"
              autocomplete="off"
              spellcheck={false}
              required
            />
          )}
        </Field>
        {failure.value !== undefined && <Problem failure={failure.value} />}
        <button type="submit" class="primary" disabled={busy.value}>{submit}</button>
      </form>
    </div>
  );
}
