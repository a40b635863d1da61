import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";

export function NewFunctionPage(): ComponentChildren {
  return <Page title={english.functions.title} />;
}
