/** The frame of every page: its title in the window and as the heading, and what can be done on it. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { english } from "../texts/english.ts";

export interface PageProps {
  readonly title: string;
  /** Beside the title, such as a state. */
  readonly mark?: ComponentChildren;
  /** Under the title, one line. */
  readonly lead?: ComponentChildren;
  /** Buttons. */
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function Page({ title, mark, lead, actions, children }: PageProps): ComponentChildren {
  useEffect(() => {
    document.title = `${title} · ${english.name}`;
  }, [title]);
  return (
    <div class="page">
      <header>
        <div class="titles">
          <h1 dir="auto">{title} {mark}</h1>
          {lead !== undefined && <p class="muted">{lead}</p>}
        </div>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
