import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";

export function NotFoundPage(): ComponentChildren {
  const { notFound, notFoundLead, backHome } = english.common;
  return (
    <Page title={notFound} lead={notFoundLead}>
      <p>
        <a class="button" href="/">{backHome}</a>
      </p>
    </Page>
  );
}
