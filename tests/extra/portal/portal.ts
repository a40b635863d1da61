/**
 * A window of Chromium with the portal of a scratch home's service. Whatever the page complains of
 * in the browser's console fails the test: an exception, a refused script, a broken request.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { TestEnv } from "../../helpers/test_env.ts";

export interface WindowOptions {
  readonly colorScheme?: "light" | "dark";
  readonly size?: { readonly width: number; readonly height: number };
  /** Complaints that the test brings about. */
  readonly expected?: readonly RegExp[];
}

export const WIDE = { width: 1_280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Milliseconds for which something may not be there yet. */
const PATIENCE = 15_000;

export class PortalWindow implements AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  readonly #context: BrowserContext;
  readonly #complaints: string[] = [];
  readonly #expected: readonly RegExp[];

  private constructor(context: BrowserContext, page: Page, url: string, options: WindowOptions) {
    this.#context = context;
    this.page = page;
    this.url = url;
    this.#expected = options.expected ?? [];
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.#complaints.push(message.text());
    });
  }

  static async open(
    browser: Browser,
    url: string,
    options: WindowOptions = {},
  ): Promise<PortalWindow> {
    const context = await browser.newContext({
      baseURL: url,
      viewport: options.size ?? WIDE,
      colorScheme: options.colorScheme ?? "light",
      // What the page shows does not depend on where the tests run.
      locale: "en-GB",
      timezoneId: "UTC",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    return new PortalWindow(context, await context.newPage(), url, options);
  }

  /** By a link of `funcx-endpoint portal`. */
  async signIn(env: TestEnv): Promise<void> {
    await this.page.goto(await signInLink(env));
    await this.page.getByRole("button", { name: "Sign out" }).waitFor();
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(path);
  }

  /** Waits until the page shows all that it has asked for. */
  async settled(): Promise<void> {
    const { page } = this;
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    // The live stream stays open, so the network is never idle; what loads says so.
    await page.waitForFunction(() => document.querySelector(".loading") === null);
    await page.evaluate(() => document.fonts.ready.then(() => {}));
  }

  /** What the browser complained of and the test did not expect. */
  get complaints(): readonly string[] {
    return this.#complaints.filter((text) => !this.#expected.some((known) => known.test(text)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    const { complaints } = this;
    if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join("\n")}`);
  }
}

/** Works once. */
export async function signInLink(env: TestEnv): Promise<string> {
  const { link } = await env.json<{ link: string }>(["portal", "--no-browser"]);
  return link;
}

/** As a tab does that is left, and comes back; a browser without a window has only visible ones. */
export async function turnTo(page: Page, state: DocumentVisibilityState): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, "hidden", {
      configurable: true,
      get: () => state === "hidden",
    });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}
