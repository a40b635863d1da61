import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";

export function TasksPage(): ComponentChildren {
  return <Page title={english.tasks.title} />;
}
