import type { Locator, Page } from "playwright-core";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { test, withBrowser } from "../../helpers/chromium.ts";
import { FakeEndpoint } from "../../helpers/fake_endpoint.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { PortalWindow } from "./portal.ts";

const COUNT = 300;
const SITES = ["alpha", "beta", "gamma"];

test("three hundred endpoints are found, sorted, grouped and gone through", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  await registerMany(service);
  using busy = await connected(service, "node-busy", "beta");
  await withBrowser(async (browser) => {
    await using portal = await PortalWindow.open(browser, service.url);
    const { page } = portal;
    await portal.signIn(env);
    await portal.goto("/endpoints");
    const table = page.getByRole("table", { name: "Endpoints" });
    await page.getByText(`1 of ${COUNT + 1} online`).waitFor();

    await t.step(
      "only what is in sight is in the page; scrolling reads on to the end",
      async () => {
        await nameIn(table, "node-000").waitFor();
        assertTrue(
          await table.getByRole("row").count() < 60,
          "rows out of sight are not in the page",
        );
        await scrolledTo(page, table, "node-busy");
        assertEquals(await table.getAttribute("aria-rowcount"), String(COUNT + 2));
      },
    );

    await t.step("the keyboard goes through it", async () => {
      await table.focus();
      await table.press("Home");
      await nameIn(table, "node-000").waitFor();
      await table.press("PageDown");
      await nameIn(table, "node-000").waitFor({ state: "detached" });
      await table.press("Home");
      await nameIn(table, "node-000").focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "node-000" }).waitFor();
      await page.goBack();
      await nameIn(table, "node-000").waitFor();
    });

    await t.step("a search narrows it, and stands in the address", async () => {
      await page.getByRole("searchbox", { name: "Search" }).fill("node-27");
      await nameIn(table, "node-279").waitFor();
      await nameIn(table, "node-000").waitFor({ state: "detached" });
      assertEquals(await table.getByRole("row").count(), 11);
      await page.waitForURL("**/endpoints?search=node-27");
      await page.reload();
      await nameIn(table, "node-270").waitFor();
      await page.getByRole("searchbox", { name: "Search" }).fill("no such machine");
      await page.getByText("No endpoint fits these filters").waitFor();
      await page.getByRole("button", { name: "Clear filters" }).click();
      await nameIn(table, "node-000").waitFor();
      assertEquals(await page.getByRole("searchbox", { name: "Search" }).inputValue(), "");
    });

    await t.step("what is typed while an earlier text is asked for stays", async () => {
      const field = page.getByRole("searchbox", { name: "Search" });
      await field.evaluate((element) => {
        const input = element as HTMLInputElement;
        const replaceState = history.replaceState.bind(history);
        history.replaceState = (...change) => {
          replaceState(...change);
          history.replaceState = replaceState;
          // The address has changed, and the page has not been painted with it.
          queueMicrotask(() => {
            input.value = "node-279";
            input.dispatchEvent(new InputEvent("input", { bubbles: true }));
          });
        };
      });
      await field.fill("node-27");
      await page.waitForURL("**/endpoints?search=node-279");
      assertEquals(await field.inputValue(), "node-279");
      await page.getByRole("button", { name: "Clear filters" }).click();
      await nameIn(table, "node-000").waitFor();
    });

    await t.step("a click on a heading sorts it, the next one the other way round", async () => {
      const heading = table.getByRole("columnheader", { name: "Name" });
      assertEquals(await heading.getAttribute("aria-sort"), "ascending");
      await heading.getByRole("button").click();
      await nameIn(table.getByRole("row").nth(1), "node-busy").waitFor();
      assertEquals(await heading.getAttribute("aria-sort"), "descending");
      const idle = table.getByRole("columnheader", { name: "Idle" });
      await idle.getByRole("button").press("Enter");
      await nameIn(table.getByRole("row").nth(1), "node-busy").waitFor();
      assertEquals(await idle.getAttribute("aria-sort"), "descending");
      await page.goto("/endpoints");
    });

    await t.step("filters leave what fits", async () => {
      await page.getByLabel("State").selectOption("Active");
      await nameIn(table, "node-busy").waitFor();
      assertEquals(await table.getByRole("row").count(), 2);
      await page.getByLabel("State").selectOption("Any");
      await page.getByLabel("Site").selectOption("gamma");
      await nameIn(table, "node-002").waitFor();
      await nameIn(table, "node-000").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Clear filters" }).click();
      await nameIn(table, "node-000").waitFor();
    });

    await t.step("sites open to their endpoints", async () => {
      await page.getByLabel("Group").selectOption("By site");
      const beta = page.getByRole("button", { name: /^beta/ });
      await beta.getByText("1 of 101 endpoints online").waitFor();
      await beta.press("Enter");
      assertEquals(await beta.getAttribute("aria-expanded"), "true");
      const inner = page.getByRole("table", { name: "Endpoints: beta" });
      await nameIn(inner, "node-001").waitFor();
      assertEquals(await nameIn(inner, "node-000").count(), 0);
    });

    await t.step("a refresh that failed is tried again", async () => {
      await using another = await PortalWindow.open(browser, service.url, {
        expected: [/ERR_FAILED/],
      });
      const { page } = another;
      await another.signIn(env);
      await another.goto("/endpoints?search=late");
      await page.getByText("No endpoint fits these filters").waitFor();
      let isAway = true;
      await page.route("**/v3/endpoints?*", (route) => isAway ? route.abort() : route.continue());
      await register(service, "late-one", "alpha");
      const retry = page.getByRole("button", { name: "Try again" });
      await retry.waitFor();
      isAway = false;
      await retry.click();
      await nameIn(page.getByRole("table", { name: "Endpoints" }), "late-one").waitFor();
      await retry.waitFor({ state: "detached" });
    });

    await t.step("one that is made private goes, and comes again when it is public", async () => {
      await using visitor = await PortalWindow.open(browser, service.url);
      const { page } = visitor;
      const share = { endpoint_name: "shared", public: true };
      const { body } = await service.post("/v3/endpoints", share);
      const path = `/v3/endpoints/${body.endpoint_id}`;
      const token = await env.ok(["service", "token", "create", "--user", "bob"]);
      await page.goto("/endpoints");
      await page.getByLabel("Token or one-time code").fill(token.trim());
      await page.getByRole("button", { name: "Sign in" }).click();
      const row = nameIn(page.getByRole("table", { name: "Endpoints" }), "shared");
      await row.waitFor();
      const hide = { body: JSON.stringify({ ...share, public: false }) };
      await service.request("PUT", path, hide);
      await row.waitFor({ state: "detached" });
      await service.request("PUT", path, { body: JSON.stringify(share) });
      await row.waitFor();
    });

    await t.step(
      "one names what it allows, though the first answer was none",
      async () => {
        await using another = await PortalWindow.open(browser, service.url, {
          expected: [/400/],
        });
        const { page } = another;
        await another.signIn(env);
        const functionId = await service.registerFunction();
        const { body } = await service.post("/v3/endpoints", {
          endpoint_name: "strict",
          allowed_functions: [functionId],
        });
        let isBroken = true;
        const path = `**/v2/functions/${functionId}`;
        await page.route(
          path,
          (route) => isBroken ? route.fulfill({ status: 400 }) : route.continue(),
        );
        const refused = page.waitForResponse((answer) => answer.status() === 400);
        await another.goto(`/endpoints/${body.endpoint_id}`);
        await (await refused).finished();
        isBroken = false;
        await page.getByRole("link", { name: "Endpoints", exact: true }).click();
        await page.goBack();
        await page.getByRole("link", { name: "nothing", exact: true }).waitFor();
      },
    );

    await t.step("one that goes is shown as gone, without a reload", async () => {
      await page.goto("/endpoints?search=busy");
      await table.getByText("Active").waitFor();
      busy[Symbol.dispose]();
      await table.getByText("Offline").waitFor();
      await page.getByText(`0 of ${COUNT + 4} online`).waitFor();
    });
  });
});

async function registerMany(service: ServiceUnderTest): Promise<void> {
  const numbers = Array.from({ length: COUNT }, (_, index) => index);
  // So many at once as a service answers without keeping others waiting.
  for (let from = 0; from < COUNT; from += 50) {
    await Promise.all(
      numbers.slice(from, from + 50).map(async (number) => {
        const name = `node-${String(number).padStart(3, "0")}`;
        await register(service, name, SITES[number % SITES.length]!);
      }),
    );
  }
}

async function register(
  service: ServiceUnderTest,
  name: string,
  site: string,
): Promise<Record<string, unknown>> {
  const { status, body } = await service.post("/v3/endpoints", {
    endpoint_name: name,
    metadata: { site },
  });
  assertEquals(status, 200);
  return body;
}

async function connected(
  service: ServiceUnderTest,
  name: string,
  site: string,
): Promise<FakeEndpoint> {
  const body = await register(service, name, site);
  const endpoint = await FakeEndpoint.dial(body as never);
  endpoint.send(endpoint.hello());
  return endpoint;
}

function nameIn(place: Locator, name: string): Locator {
  return place.getByRole("link", { name, exact: true });
}

/** Scrolls on as more comes, until there is a row of that name. */
async function scrolledTo(page: Page, table: Locator, name: string): Promise<void> {
  await table.focus();
  await page.waitForFunction(
    ([label, wanted]) => {
      const place = document.querySelector(`[role=table][aria-label="${label}"]`)!;
      place.scrollTop = place.scrollHeight;
      return [...place.querySelectorAll("a")].some((link) => link.textContent === wanted);
    },
    ["Endpoints", name],
  );
}
