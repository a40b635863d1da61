/** Row 16: the portal in a real Chromium, with many endpoints and tasks in the store. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Client, Executor } from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { withBrowser } from "../../tests/helpers/chromium.ts";
import { until } from "../../tests/helpers/until.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";

const ENDPOINTS = 10_000;
const TASKS = 100_000;
const REGISTRATIONS_AT_A_TIME = 16;
const VIEWS = 5;
const INTERACTIONS = 10;
const UPDATES = 10;
/** Milliseconds in which a browser has made a new window, whose own scripts take a core meanwhile. */
const NEW_WINDOW = 1_500;
const ROW = '[role="table"] [role="rowgroup"]:last-of-type [role="row"]';

async function registerEndpoints(client: Client, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const name = `endpoint ${String(index).padStart(5, "0")}`;
      await client.call("registerEndpoint", {
        body: { endpoint_name: name, metadata: { site: `site ${index % 40}` } },
      });
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_A_TIME }, work));
}

async function runTasks(client: Client, endpointId: string, count: number): Promise<void> {
  await using executor = new Executor(client, endpointId);
  for await (const _ of executor.map(NO_OP.typescript, Array(count).keys()));
}

/** A browser that has nothing of the portal yet but is signed in. */
async function signedIn(browser: Browser, { env }: Deployment): Promise<BrowserContext> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const { link } = await env.json<{ link: string }>(["portal", "--no-browser"]);
  await page.goto(link);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.close();
  return context;
}

/**
 * Milliseconds from the navigation until `selector` is in the page and painted, by the browser's own
 * clock. Its cache is emptied before, so that this is the first view.
 */
async function view(context: BrowserContext, path: string, selector: string): Promise<number> {
  const page = await context.newPage();
  await delay(NEW_WINDOW);
  const session = await context.newCDPSession(page);
  await session.send("Network.clearBrowserCache");
  await page.goto(path, { waitUntil: "commit" });
  const shown = await page.evaluate(afterPaint, selector);
  await page.close();
  return shown;
}

/** Runs in the page: the time when `selector` was there and painted, since the navigation. */
function afterPaint(selector: string): Promise<number> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.querySelector(selector) === null) requestAnimationFrame(look);
      else requestAnimationFrame(() => resolve(performance.now()));
    };
    look();
  });
}

/** The longest time that one event took from the input to the next paint, as the browser tells it. */
async function interactions(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const durations: number[] = [];
    Object.assign(globalThis, { eventDurations: durations });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) durations.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
  });
  await act();
  return await page.evaluate(() =>
    Math.max(16, ...(globalThis as unknown as { eventDurations: number[] }).eventDurations)
  );
}

async function measureViews(
  context: ScenarioContext,
  window: BrowserContext,
  url: string,
): Promise<void> {
  const views = sized(context, VIEWS, 1);
  for (const [figure, path] of [["16.endpoints", "/endpoints"], ["16.tasks", "/tasks"]] as const) {
    const times: number[] = [];
    for (let count = 0; count < views; count++) times.push(await view(window, url + path, ROW));
    context.record(figure, median(times));
  }
}

async function measureInteractions(
  context: ScenarioContext,
  window: BrowserContext,
  url: string,
): Promise<void> {
  const page = await window.newPage();
  await page.goto(`${url}/endpoints`);
  await page.locator(ROW).first().waitFor();
  const search = page.getByRole("searchbox").or(page.getByLabel("Search")).first();
  const longest = await interactions(page, async () => {
    for (let count = 0; count < sized(context, INTERACTIONS, 1); count++) {
      await search.fill("");
      await search.pressSequentially(`endpoint 0${count % 10}`);
      await page.locator(ROW).first().waitFor();
      await page.locator(".scroller").first().evaluate((element) => element.scrollBy(0, 2_000));
    }
  });
  context.record("16.interaction", longest);
  await page.close();
}

/** From the moment at which a task ended until the page shows it as ended. */
async function measureUpdates(
  context: ScenarioContext,
  window: BrowserContext,
  { client, url, endpointId }: { client: Client; url: string; endpointId: string },
): Promise<void> {
  const page = await window.newPage();
  await page.goto(`${url}/tasks`);
  await page.locator(ROW).first().waitFor();
  const { functionId } = await client.register(NO_OP.typescript);
  await using executor = new Executor(client, endpointId);
  const times: number[] = [];
  for (let count = 0; count < sized(context, UPDATES, 1); count++) {
    const future = executor.submit(functionId, count);
    const taskId = await future.taskId;
    await future;
    const ended = performance.now();
    await page.locator(`${ROW}:has(a[href="/tasks/${taskId}"]) .badge.good`).waitFor();
    times.push(performance.now() - ended);
  }
  context.record("16.update", Math.max(...times));
  await page.close();
}

export const portal: Scenario = {
  name: "the portal with 10,000 endpoints",
  subject: OURS,
  rows: [16],
  repeats: 3,
  minutes: 8,
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    await registerEndpoints(client, sized(context, ENDPOINTS, 50));
    await runTasks(client, id, sized(context, TASKS, 200));
    await until("an idle endpoint", async () => {
      const { queued_tasks } = await client.endpoint(id);
      return queued_tasks === 0;
    }, 60_000);
    await withBrowser(async (browser) => {
      const window = await signedIn(browser, deployment);
      const { url } = await deployment.access();
      await measureViews(context, window, url);
      await measureInteractions(context, window, url);
      await measureUpdates(context, window, { client, url, endpointId: id });
    });
  },
};
