/** A real Chromium, Debian's, which is installed where it is missing; root only then. */
import { type Browser, chromium } from "playwright-core";
import { capture } from "../../scripts/build/command.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
/** With a font that has Arabic. */
const PACKAGES = ["chromium", "fonts-dejavu-core"];

export async function launchChromium(): Promise<Browser> {
  // Root has to say that it wants no sandbox around the pages, which are our own here.
  return await chromium.launch({ executablePath: await chromiumPath(), args: ["--no-sandbox"] });
}

async function chromiumPath(): Promise<string> {
  const found = placeOfChromium();
  if (found !== undefined) return found;
  const install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", ...PACKAGES];
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  await capture("apt-get", ["update", "-q"], options);
  await capture(install[0]!, install.slice(1), options);
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
