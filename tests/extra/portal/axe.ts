/** What axe-core finds wrong with a page. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** Tags, and one rule: the only one that depends on the colours. */
export const ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const COLOUR_RULES = ["color-contrast"];

type WithAxe = typeof globalThis & { readonly axe?: typeof axe };

/** One line for each element that breaks one of `rules`. */
export async function violationsOf(
  page: Page,
  rules: readonly string[] = ALL_RULES,
): Promise<readonly string[]> {
  // Evaluated, not inserted: the page's policy lets in no script that is not its own.
  const isThere = await page.evaluate(() => (globalThis as WithAxe).axe !== undefined);
  if (!isThere) await page.evaluate(axe.source);
  return await page.evaluate(async (runOnly) => {
    const options = { runOnly: [...runOnly], resultTypes: ["violations" as const] };
    const { violations } = await (globalThis as WithAxe).axe!.run(document, options);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary = "" }) => `${id} ${target.join(" ")} ${failureSummary}`)
    );
  }, rules);
}
