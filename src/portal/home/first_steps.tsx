/** The way to the first result, for somebody who has not been there yet. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { ConnectEndpoint } from "./connect_endpoint.tsx";
import type { Stats } from "./home_page.tsx";

export function FirstSteps({ stats }: { readonly stats: Stats }): ComponentChildren {
  const { welcome, lead, connect, register, run } = english.home.first;
  const steps = [
    { ...connect, done: stats.endpoints > 0, body: <ConnectEndpoint /> },
    {
      ...register,
      done: stats.functions > 0,
      body: <a class="button primary" href="/functions/new">{register.action}</a>,
    },
    {
      ...run,
      done: stats.total_function_invocations > 0,
      body: <a class="button primary" href="/run">{run.action}</a>,
    },
  ];
  const next = steps.findIndex((step) => !step.done);
  return (
    <section class="card first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">{welcome}</h2>
      <p class="muted">{lead}</p>
      <ol>
        {steps.map(({ title, note, done, body }, index) => (
          <li key={title} class={done ? "done" : index === next ? "next" : "later"}>
            <span class="step" aria-hidden="true">{done ? "✓" : index + 1}</span>
            <div>
              <h3>
                {title}
                {done && <span class="visually-hidden">({english.home.first.done})</span>}
              </h3>
              {!done && <p class="muted">{note}</p>}
              {index === next && body}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
