/** Somebody who has a keyboard and nothing else. */
import type { Locator, Page } from "playwright-core";

/** More than any page has between two places of a walk. */
const MAX_TABS = 80;

/** Presses Tab until the focus is there; throws when it does not come there. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.first().waitFor();
  for (let pressed = 0; pressed < MAX_TABS; pressed++) {
    await page.keyboard.press("Tab");
    if (await isFocused(target)) return;
  }
  throw new Error(`${MAX_TABS} times Tab do not lead to ${target}`);
}

export async function isFocused(target: Locator): Promise<boolean> {
  return await target.evaluate((element) => element === document.activeElement);
}

/** Whether nothing behind `dialog` has the focus; between its ends the window itself may have it. */
export async function focusIsWithin(dialog: Locator): Promise<boolean> {
  return await dialog.evaluate((element) => {
    const { activeElement, body } = document;
    return activeElement === body || element.contains(activeElement);
  });
}
