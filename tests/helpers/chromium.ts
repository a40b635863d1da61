/** A real Chromium, Debian's, which is installed where it is missing; root only then. */
import { type Browser, chromium } from "playwright-core";
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { APT_OPTIONS } from "./apt.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
/** With a font that has Arabic. */
const PACKAGES = ["chromium", "fonts-dejavu-core"];

/** Why there is none here; undefined when there is one. */
export const NO_CHROMIUM = await chromiumObstacle();
if (NO_CHROMIUM !== undefined) console.log(`There is no Chromium here: ${NO_CHROMIUM}`);

/** A test that takes a browser; ignored where there is none. */
export const test = NO_CHROMIUM === undefined ? Deno.test : Deno.test.ignore;

async function chromiumObstacle(): Promise<string | undefined> {
  try {
    await chromiumPath();
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

export async function launchChromium(): Promise<Browser> {
  // Root has to say that it wants no sandbox around the pages, which are our own here.
  return await chromium.launch({ executablePath: await chromiumPath(), args: ["--no-sandbox"] });
}

/** Closed after `use`. */
export async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await launchChromium();
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

async function chromiumPath(): Promise<string> {
  const found = placeOfChromium();
  if (found !== undefined) return found;
  const install = ["install", "-y", "-q", "--no-install-recommends", ...PACKAGES];
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  await capture("apt-get", [...APT_OPTIONS, "update", "-q"], options);
  await capture("apt-get", [...APT_OPTIONS, ...install], options);
  const installed = placeOfChromium();
  if (installed === undefined) throw new Error("Debian's package chromium has no chromium");
  return installed;
}

function placeOfChromium(): string | undefined {
  return PLACES.find((place) => {
    try {
      return Deno.statSync(place).isFile;
    } catch {
      return false;
    }
  });
}
