/**
 * The pages that come as a script of their own. When it does not come, the service is away for a
 * moment, or is another version by now, which has it under another name: then the page is loaded anew.
 */
import type { ComponentChildren, ComponentType } from "preact";
import { lazy } from "preact-iso";
import { FuncxError } from "../../contract/errors.ts";
import { delay } from "../../lib/async.ts";
import { live } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Problem } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";

type LaterPages = typeof import("./later_pages.ts");

/** In the tab's storage while it is loaded anew for this, so that it is only once. */
const RELOADED = "funcx.reloaded";
/** Milliseconds between two questions whether the service is there again. */
const INTERVAL = 1_000;

/** Milliseconds from the first live event on, in which the first page may still be on its way. */
const SETTLING = 3_000;

/** One of them, loaded when it is first shown. */
export function laterPage(
  pick: (pages: LaterPages) => ComponentType<Record<never, never>>,
): ComponentType<Record<never, never>> {
  return lazy(async () => {
    const pages = await laterPages();
    return pages === undefined ? MissingPage : pick(pages);
  });
}

/** Loads them while nobody waits for them, once the first page has all that it shows. */
export function expectLaterPages(): void {
  const stop = live.opened.subscribe((count) => {
    if (count === 0) return;
    // Where it fails, it is tried again when somebody opens one.
    setTimeout(() => whenIdle(() => void importPages().catch(() => {})), SETTLING);
    queueMicrotask(() => stop());
  });
}

/** Safari cannot tell when it is idle. */
function whenIdle(action: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(action);
  else action();
}

function importPages(): Promise<LaterPages> {
  return import("./later_pages.ts");
}

/** Undefined when they do not come, though the page has been loaded anew. */
async function laterPages(): Promise<LaterPages | undefined> {
  const pages = await importPages().catch(importAgain);
  if (pages !== undefined) {
    sessionStorage.removeItem(RELOADED);
    return pages;
  }
  if (sessionStorage.getItem(RELOADED) !== null) return undefined;
  sessionStorage.setItem(RELOADED, "");
  location.reload();
  // What is shown stays until it goes.
  return await new Promise<never>(() => {});
}

async function importAgain(): Promise<LaterPages | undefined> {
  while (!await serviceAnswers()) await delay(INTERVAL);
  return await importPages().catch(() => undefined);
}

async function serviceAnswers(): Promise<boolean> {
  try {
    await client.health();
    return true;
  } catch (thrown) {
    if (!(thrown instanceof FuncxError)) throw thrown;
    return false;
  }
}

function MissingPage(): ComponentChildren {
  const { title, failure } = english.missingPage;
  return (
    <Page title={title}>
      <Problem failure={failure} onRetry={() => location.reload()} />
    </Page>
  );
}
