import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";

export function EndpointPage(): ComponentChildren {
  return <Page title={english.endpoint.title} />;
}
