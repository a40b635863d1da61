/** Tabs of which one panel is shown, by keyboard as WAI-ARIA has them: arrows choose, Tab leaves. */
import type { ComponentChildren, JSX } from "preact";

export interface TabsProps<T extends string> {
  /** Of the {@link TabPanel}; from `useId()`. */
  readonly panel: string;
  readonly label: string;
  readonly tabs: readonly (readonly [id: T, text: string])[];
  readonly chosen: T;
  readonly onChoose: (id: T) => void;
}

export function Tabs<T extends string>(
  { panel, label, tabs, chosen, onChoose }: TabsProps<T>,
): ComponentChildren {
  const onKeyDown = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    const at = tabs.findIndex(([id]) => id === chosen);
    const next = nextOf(event.key, at, tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    onChoose(tabs[next]![0]);
    const button = event.currentTarget.children[next];
    if (button instanceof HTMLElement) button.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(([id, text]) => (
        <button
          type="button"
          role="tab"
          key={id}
          id={tabId(panel, id)}
          aria-controls={panel}
          aria-selected={id === chosen}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

export interface TabPanelProps {
  readonly id: string;
  /** The tab whose panel it is. */
  readonly chosen: string;
  readonly children: ComponentChildren;
}

export function TabPanel({ id, chosen, children }: TabPanelProps): ComponentChildren {
  return (
    <div class="tab-panel" role="tabpanel" id={id} aria-labelledby={tabId(id, chosen)}>
      {children}
    </div>
  );
}

function tabId(panel: string, id: string): string {
  return `${panel}-${id}`;
}

function nextOf(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case "ArrowRight":
      return (at + 1) % count;
    case "ArrowLeft":
      return (at - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
  }
  return undefined;
}
