import type { Browser, Page } from "playwright-core";
import { assertEquals, assertMatch, assertRejects } from "../../../src/lib/assert.ts";
import { Client, python } from "../../../src/client/mod.ts";
import { test } from "../../helpers/chromium.ts";
import { type Lab, withLab } from "./lab.ts";
import { PortalWindow } from "./portal.ts";

test("tokens are made, used, and revoked in the browser, and their scopes hold", async (t) => {
  await withLab(async (lab) => {
    await using portal = await lab.signedIn();
    const { page } = portal;
    const token = await makeToken(page, "for a notebook");
    await t.step("a new token is shown once", () => isShownOnce(page, token));
    await t.step(
      "one of scope read sees, and does no more",
      () => onlyReads(lab.browser, lab, token),
    );
    await t.step(
      "its last use is told, and it ends when it is revoked",
      () => endsAtOnce(page, lab, token),
    );
  });
});

async function makeToken(page: Page, label: string): Promise<string> {
  await page.goto("/tokens");
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("Label", { exact: true }).fill(label);
  const read = page.getByRole("checkbox", { name: /^read/ });
  assertEquals(await read.isChecked(), true);
  await page.getByRole("button", { name: "Make the token" }).click();
  const shown = page.getByRole("status").filter({ hasText: `${label}: copy it now` });
  return (await shown.locator("pre").textContent())!.trim();
}

async function isShownOnce(page: Page, token: string): Promise<void> {
  assertMatch(token, /^fx_[\w-]{20,}$/);
  await page.getByRole("button", { name: "I have copied it" }).click();
  const row = page.getByRole("row").filter({ hasText: "for a notebook" });
  await row.getByText("read", { exact: true }).waitFor();
  await row.getByText("never", { exact: true }).waitFor();
  assertEquals((await page.content()).includes(token), false);
  await page.reload();
  await row.waitFor();
  assertEquals((await page.content()).includes(token), false);
}

async function onlyReads(browser: Browser, { client, service }: Lab, token: string): Promise<void> {
  const fn = await client.register(python("def one():\n    return 1\n"));
  await using portal = await PortalWindow.open(browser, service.url, { expected: [/401/] });
  const { page } = portal;
  await page.goto("/");
  await page.getByLabel("Token or one-time code").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.goto("/functions");
  await page.getByRole("link", { name: "one", exact: true }).waitFor();
  assertEquals(await page.getByRole("link", { name: "Register a function" }).count(), 0);
  assertEquals(await page.getByRole("link", { name: "Run one" }).count(), 0);
  await page.goto(`/functions/${fn.functionId}`);
  await page.getByRole("heading", { level: 1, name: "one" }).waitFor();
  assertEquals(await page.getByRole("button", { name: "Delete" }).count(), 0);
  await page.goto("/functions/new");
  await page.getByText("This session may look at functions, but not register any.").waitFor();
  await page.goto(`/run?function=${fn.functionId}`);
  await page.getByText("Your token may not run functions.").waitFor();
  assertEquals(await page.getByRole("button", { name: "Run", exact: true }).isDisabled(), true);
  await page.goto("/tokens");
  await page.getByText("To see and make tokens, sign in with a token of scope manage").waitFor();
}

async function endsAtOnce(page: Page, { service }: Lab, token: string): Promise<void> {
  const notebook = new Client({ url: service.url, token });
  await notebook.whoAmI();
  await assertRejects(
    () =>
      notebook.call("registerFunction", {
        body: { function_name: "no", function_code: "4\nsh\n:" },
      }),
    /scope/,
  );
  await page.goto("/tokens");
  const row = page.getByRole("row").filter({ hasText: "for a notebook" })
    .filter({ has: page.getByText("Token", { exact: true }) });
  await row.getByText(/\d+ s ago/).nth(1).waitFor();
  await row.getByRole("button", { name: "Revoke for a notebook" }).click();
  await page.getByRole("dialog", { name: "Revoke for a notebook?" })
    .getByRole("button", { name: "Revoke" }).click();
  await page.getByText("for a notebook is revoked").waitFor();
  await assertRejects(() => notebook.whoAmI(), /token/);
}
