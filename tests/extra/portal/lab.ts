/** A service with one endpoint that has three workers, and what tests do over and over in its portal. */
import type { Browser, Locator, Page } from "playwright-core";
import { Client } from "../../../src/client/mod.ts";
import { withBrowser } from "../../helpers/chromium.ts";
import { PATH_WITH_PYTHON } from "../../helpers/python.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { PortalWindow, type WindowOptions } from "./portal.ts";

export interface Lab {
  readonly env: TestEnv;
  readonly service: ServiceUnderTest;
  readonly client: Client;
  readonly endpointId: string;
  readonly browser: Browser;
  /** A window whose user is signed in. */
  readonly signedIn: (options?: WindowOptions) => Promise<PortalWindow>;
}

export interface LabOptions {
  /** Of the endpoint. */
  readonly name?: string;
}

export async function withLab(
  use: (lab: Lab) => Promise<void>,
  { name = "lab" }: LabOptions = {},
): Promise<void> {
  await using env = new TestEnv({ env: { PATH: PATH_WITH_PYTHON } });
  try {
    const service = await ServiceUnderTest.start(env);
    await env.ok(["configure", name, "--set", "executor.workersPerNode=3"]);
    await env.ok(["start", name]);
    const [{ id }] = await env.json<{ id: string }[]>(["list"]);
    const client = new Client({ url: service.url, token: service.token });
    await withBrowser(async (browser) => {
      const signedIn = async (options?: WindowOptions): Promise<PortalWindow> => {
        const portal = await PortalWindow.open(browser, service.url, options);
        await portal.signIn(env);
        return portal;
      };
      await use({ env, service, client, endpointId: id!, browser, signedIn });
    });
  } catch (thrown) {
    env.keep();
    throw thrown;
  }
}

/** Replaces what stands in the code editor of this label. */
export async function writeCode(page: Page, label: string, text: string): Promise<void> {
  await page.locator(`.cm-content[aria-label="${label}"]`).click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText(text);
}

/** Registers it on the page for that, and goes on to the page that runs it. */
export async function registerInBrowser(
  page: Page,
  runtime: "TypeScript" | "Python" | "Shell",
  source: string,
  name?: string,
): Promise<void> {
  await page.goto("/functions/new");
  await page.getByLabel("Runtime").selectOption({ label: runtime });
  await writeCode(page, "Source", source);
  if (name !== undefined) await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByRole("status").getByRole("link", { name: "Run it" }).click();
  await page.getByRole("heading", { level: 1, name: "Run" }).waitFor();
}

/** On the page that runs a function. */
export async function chooseEndpoint(page: Page, name: string): Promise<void> {
  await page.getByRole("combobox", { name: "Endpoint" }).fill(name);
  await page.getByRole("option", { name }).click();
}

export async function pressRun(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Run", exact: true }).click();
}

/** What is shown of the result of the task that is looked at. */
export function resultOn(page: Page): Locator {
  return page.getByRole("region", { name: "Result" });
}
