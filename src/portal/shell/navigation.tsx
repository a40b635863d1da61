/** The pages, who is signed in, and the colours. */
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { session, signOut } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { attempt } from "./notices.tsx";
import { theme, toggleTheme } from "./theme.ts";

const PAGES = [
  { path: "/", key: "home", icon: "M4 11.5 12 5l8 6.500V20h-5.500v-5h-5v5H4z" },
  {
    path: "/endpoints",
    key: "endpoints",
    icon: "M4 5h16v5H4zM4 14h16v5H4zM7.500 7.500h.01M7.500 16.500h.01",
  },
  { path: "/functions", key: "functions", icon: "m8.500 7-5 5 5 5m7-10 5 5-5 5m-2-13-3 16" },
  { path: "/run", key: "run", icon: "M7 4.500v15l12-7.500z" },
  { path: "/tasks", key: "tasks", icon: "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01" },
  {
    path: "/tokens",
    key: "tokens",
    icon: "M14.500 9.500a4 4 0 1 1-2.800-3.800M12 11l7.500-7.500M16 7l2.500 2.500",
  },
] as const;

export function Navigation(): ComponentChildren {
  const { path } = useLocation();
  return (
    <header class="sidebar">
      <a class="brand" href="/">
        <img src="/portal/icon.svg" alt="" />
        {english.name}
      </a>
      <nav aria-label={english.navigation.label}>
        <ul>
          {PAGES.map(({ path: target, key, icon }) => (
            <li key={key}>
              <a href={target} aria-current={isWithin(path, target) ? "page" : undefined}>
                <svg
                  viewBox="0 0 24 24"
                  fill="none"
                  stroke="currentColor"
                  stroke-width="1.800"
                  stroke-linecap="round"
                  stroke-linejoin="round"
                  aria-hidden="true"
                >
                  <path d={icon} />
                </svg>
                {english.navigation[key]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Account />
    </header>
  );
}

function Account(): ComponentChildren {
  const state = session.value;
  const other = theme.value === "dark" ? english.account.lightTheme : english.account.darkTheme;
  return (
    <div class="account">
      {state.kind === "signed_in" && (
        <span class="who muted wrap">{english.account.signedInAs(state.user)}</span>
      )}
      <div class="row">
        {state.kind === "signed_in" && (
          <button
            type="button"
            class="small"
            onClick={() => void attempt(signOut)}
          >
            {english.account.signOut}
          </button>
        )}
        <button type="button" class="small" aria-label={other} title={other} onClick={toggleTheme}>
          {theme.value === "dark" ? "☀" : "☾"}
        </button>
      </div>
    </div>
  );
}

/** A task group is a page of the tasks. */
function isWithin(path: string, target: string): boolean {
  if (target === "/tasks" && path.startsWith("/groups/")) return true;
  return path === target || (target !== "/" && path.startsWith(`${target}/`));
}
