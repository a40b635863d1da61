import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";

export function HomePage(): ComponentChildren {
  return <Page title={english.home.title} />;
}
