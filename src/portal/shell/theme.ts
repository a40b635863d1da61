/** Light or dark: as the system is, unless chosen here. */
import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

const KEY = "funcx.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

export const theme = signal<Theme>(chosen() ?? ofSystem());

system.addEventListener("change", () => {
  if (chosen() === undefined) apply(ofSystem());
});

export function startTheme(): void {
  apply(theme.value);
}

export function toggleTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, next);
  apply(next);
}

function apply(next: Theme): void {
  document.documentElement.dataset.theme = next;
  theme.value = next;
}

function chosen(): Theme | undefined {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : undefined;
}

function ofSystem(): Theme {
  return system.matches ? "dark" : "light";
}
