import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import type { Page } from "playwright-core";
import { test, withBrowser } from "../../helpers/chromium.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { ALL_RULES, COLOUR_RULES, violationsOf } from "./axe.ts";
import { focusIsWithin, isFocused, tabTo } from "./keyboard.ts";
import { PHONE, PortalWindow, WIDE } from "./portal.ts";
import { makeScene, type Scene } from "./scene.ts";

/** Widths at which nothing may be off to the side. */
const NARROW = [390, 360];
/** Of rules that do not go by colours one theme breaks as many as the other. */
const LOOKS = [
  { size: WIDE, colorScheme: "dark", rules: ALL_RULES },
  { size: WIDE, colorScheme: "light", rules: COLOUR_RULES },
  { size: PHONE, colorScheme: "light", rules: ALL_RULES },
  { size: PHONE, colorScheme: "dark", rules: COLOUR_RULES },
] as const;
/** The cluster of the scene does not tell its log. */
const EXPECTED = [/status of 400/];

test("the portal's pages can be used by everybody", async (t) => {
  await using env = new TestEnv();
  using scene = await makeScene(env);
  await withBrowser(async (browser) => {
    await t.step("axe finds nothing, in light and dark, wide and narrow", async () => {
      await using portal = await PortalWindow.open(browser, scene.url, { expected: EXPECTED });
      const found: string[] = [];
      await portal.goto("/sign-in");
      await portal.page.getByRole("heading", { name: "Sign in" }).waitFor();
      found.push(...await faultsOf(portal.page, "sign-in"));
      await portal.signIn(env);
      for (const path of pathsOf(scene)) {
        await portal.page.setViewportSize(WIDE);
        await portal.goto(path);
        await portal.settled();
        found.push(...await faultsOf(portal.page, path));
      }
      assertEquals(found, []);
    });

    await t.step("from the first page to a result without a pointer", async () => {
      await using portal = await PortalWindow.open(browser, scene.url);
      await portal.signIn(env);
      await walkToResult(portal.page);
    });

    await t.step("a dialog keeps the focus, ends with Escape and gives it back", async () => {
      await using portal = await PortalWindow.open(browser, scene.url);
      await portal.signIn(env);
      await portal.goto(`/tasks/${scene.runningTask}`);
      await askAndEscape(portal.page);
    });

    await t.step("nothing moves for those who want it still", async () => {
      await using portal = await PortalWindow.open(browser, scene.url);
      const { page } = portal;
      await portal.signIn(env);
      await portal.goto(`/tasks/${scene.runningTask}`);
      await page.locator(".ongoing").waitFor();
      assertTrue(await moving(page) > 0, "what goes on does not move");
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.reload();
      await page.locator(".ongoing").waitFor();
      assertEquals(await moving(page), 0);
    });
  });
});

function pathsOf(scene: Scene): readonly string[] {
  return [
    "/",
    "/endpoints",
    "/endpoints?by=site",
    `/endpoints/${scene.endpointId}`,
    `/endpoints/${scene.clusterId}`,
    "/functions",
    `/functions/${scene.functionId}`,
    "/functions/new",
    `/run?function=${scene.functionId}&endpoint=${scene.endpointId}`,
    "/tasks",
    "/tasks?view=groups",
    `/tasks/${scene.succeededTask}`,
    `/tasks/${scene.failedTask}`,
    `/tasks/${scene.runningTask}`,
    `/groups/${scene.groupId}`,
    "/tokens",
    "/tokens/there-is-none",
  ];
}

/** Of the page that is shown, in both themes and at all widths. */
async function faultsOf(page: Page, name: string): Promise<string[]> {
  const faults: string[] = [];
  // Colours in the midst of a transition are nobody's choice.
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const { size, colorScheme, rules } of LOOKS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
    const found = await violationsOf(page, rules);
    faults.push(...found.map((text) => `${name}, ${colorScheme}, ${size.width}: ${text}`));
  }
  for (const width of NARROW) {
    await page.setViewportSize({ ...PHONE, width });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wider > 0) faults.push(`${name} at ${width} pixels is ${wider} too wide`);
  }
  return faults;
}

async function walkToResult(page: Page): Promise<void> {
  const { keyboard } = page;
  await page.getByRole("heading", { name: "Endpoints online" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Endpoints online" }).waitFor();
  await keyboard.press("Tab");
  assertTrue(await isFocused(page.getByRole("link", { name: "Skip to the content" })), "no skip");
  await keyboard.press("Enter");
  await keyboard.press("Tab");
  assertTrue(await isFocused(page.getByRole("link", { name: "Run a function" })), "not skipped");
  await page.reload();

  const pages = page.getByRole("navigation", { name: "Pages" });
  await tabTo(page, pages.getByRole("link", { name: "Endpoints" }));
  await keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  await tabTo(page, page.getByRole("link", { name: /^default on/ }));
  await keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /^default on/ }).waitFor();
  await tabTo(page, page.getByRole("link", { name: "Run a function here" }));
  await keyboard.press("Enter");

  await tabTo(page, page.getByRole("combobox", { name: "Function" }));
  await keyboard.type("div");
  await page.getByRole("option", { name: "divide" }).waitFor();
  await keyboard.press("Escape");
  assertEquals(await page.getByRole("option").count(), 0);
  await keyboard.press("ArrowDown");
  await page.getByRole("option", { name: "divide" }).waitFor();
  await keyboard.type("divide");
  await page.waitForFunction(() => document.querySelectorAll("[role=option]").length === 1);
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await tabTo(page, page.getByLabel("dividend"));
  await keyboard.type("6");
  await keyboard.press("Tab");
  await keyboard.type("3");
  await tabTo(page, page.getByRole("button", { name: "Run", exact: true }));
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Result" }).waitFor();

  await tabTo(page, page.getByRole("tab", { name: "Plot" }));
  await keyboard.press("ArrowRight");
  assertTrue(await isFocused(page.getByRole("tab", { name: "Tree", selected: true })), "no arrow");
  await page.getByRole("tabpanel", { name: "Tree" }).getByText("[ 40 ]").waitFor();
}

async function askAndEscape(page: Page): Promise<void> {
  const opener = page.getByRole("button", { name: "Cancel" });
  await tabTo(page, opener);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Cancel this task?" });
  await dialog.waitFor();
  assertTrue(await focusIsWithin(dialog), "the dialog has not got the focus");
  assertEquals(await violationsOf(page), []);
  for (let pressed = 0; pressed < 4; pressed++) {
    await page.keyboard.press("Tab");
    assertTrue(await focusIsWithin(dialog), "the focus left the dialog");
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assertTrue(await isFocused(opener), "the focus is not where it was");
}

/** How many animations of the page go on. */
async function moving(page: Page): Promise<number> {
  return await page.evaluate(() =>
    document.getAnimations().filter(({ playState }) => playState === "running").length
  );
}
