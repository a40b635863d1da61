import type { Locator, Page } from "playwright-core";
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { Executor, python } from "../../../src/client/mod.ts";
import { test } from "../../helpers/chromium.ts";
import { chooseEndpoint, type Lab, pressRun, registerInBrowser, resultOn, withLab } from "./lab.ts";

const AREA_PY = `def area(width: float, height: float = 2.0) -> float:
    return width * height
`;

const WAVE_TS =
  `export default function wave(points = 50, kind: "sine" | "square" = "sine"): number[] {
  return Array.from({ length: points }, (_, index) => {
    const value = Math.sin((2 * Math.PI * index) / points);
    return kind === "sine" ? value : Math.sign(value);
  });
}
`;

const GREET_SH = `echo "Hello, {name}"; echo "to whom it may concern" >&2; exit {code}\n`;

const POWERS_PY = `def powers(most: int) -> list[dict]:
    return [{"n": n, "square": n * n} for n in range(1, most + 1)]
`;

/** Two pixels beside each other. */
const PIXELS_PY = `def pixels() -> str:
    import base64, struct, zlib

    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\\0" + bytes([255, 0, 0, 0, 0, 255]))
    png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(png).decode()
`;

const REPORT_PY = `def report(url: str) -> str:
    return f"""<!doctype html><title>Report</title><style>h1 {{ color: rgb(1, 2, 3) }}</style>
<h1>Report of the night</h1><p style="color: rgb(4, 5, 6)">all is well</p>
<script>document.querySelector("h1").textContent = "a script ran"; fetch("{url}/script")</script>
<img src="{url}/image" onerror="parent.document.title = 'a handler ran'">
<link rel="stylesheet" href="{url}/style">
<iframe src="{url}/frame"></iframe>"""
`;

test("functions are written in the browser, run by their forms, and kept in order", async (t) => {
  await withLab(async (lab) => {
    await using portal = await lab.signedIn({
      // What a page from a result tries to load and to run.
      expected: [/Content Security Policy/, /Blocked script execution/],
    });
    const { page } = portal;
    await t.step("Python: a number", () => runsNumber(page));
    await t.step("TypeScript: a series as a plot", () => runsSeries(page));
    await t.step("shell: what it wrote and how it ended", () => runsShell(page));
    await t.step("a list of records as a table that can be sorted", () => showsTable(page));
    await t.step("a picture", () => showsPicture(page));
    await t.step("HTML as a page that runs and loads nothing", () => isolatesHtml(page));
    await t.step(
      "the list is searched and filtered, and says so in its address",
      () => findsFunctions(page),
    );
    await t.step("the list goes on behind many versions", () => readsOn(page, lab));
    await t.step("the usage of a function is that of its tasks", () => tellsUsage(page, lab));
    await t.step(
      "a changed function is a new version, and one can be deleted",
      () => makesVersions(page),
    );
  });
});

async function runsNumber(page: Page): Promise<void> {
  await registerInBrowser(page, "Python", AREA_PY);
  await chooseEndpoint(page, "lab");
  await pressRun(page);
  // Nothing is submitted without what is needed.
  await page.getByText("This one is needed").waitFor();
  await page.getByLabel("width", { exact: true }).fill("3.5");
  await pressRun(page);
  await resultOn(page).getByText("7", { exact: true }).waitFor();
  await page.getByLabel("height (optional)").fill("1e1");
  await pressRun(page);
  await resultOn(page).getByText("35", { exact: true }).waitFor();
}

async function runsSeries(page: Page): Promise<void> {
  await registerInBrowser(page, "TypeScript", WAVE_TS);
  await chooseEndpoint(page, "lab");
  await page.getByLabel("kind (optional)").selectOption("square");
  await pressRun(page);
  const result = resultOn(page);
  await result.getByRole("tab", { name: "Plot", selected: true }).waitFor();
  await result.getByText("50 points").waitFor();
  await result.getByText("from -1 to 1").first().waitFor();
  await result.locator("canvas").waitFor();
  await result.getByRole("tab", { name: "JSON" }).click();
  const json = await result.getByRole("tabpanel", { name: "JSON" }).locator("pre").textContent();
  assertEquals(JSON.parse(json!).length, 50);
}

async function runsShell(page: Page): Promise<void> {
  await registerInBrowser(page, "Shell", GREET_SH, "greet");
  await chooseEndpoint(page, "lab");
  await page.getByLabel("name", { exact: true }).fill(`it's "me" $HOME`);
  await page.getByLabel("code", { exact: true }).fill("3");
  await pressRun(page);
  const result = resultOn(page);
  await result.getByText("Exit code 3").waitFor();
  await result.getByRole("region", { name: "stdout" }).getByText(`Hello, it's "me" $HOME`)
    .waitFor();
  await result.getByRole("region", { name: "stderr" }).getByText("to whom it may concern")
    .waitFor();
}

async function showsTable(page: Page): Promise<void> {
  await registerInBrowser(page, "Python", POWERS_PY);
  await chooseEndpoint(page, "lab");
  await page.getByLabel("most", { exact: true }).fill("12");
  await pressRun(page);
  const result = resultOn(page);
  await result.getByRole("tab", { name: "Table" }).click();
  await result.getByText("12 × 2").waitFor();
  const table = result.getByRole("table", { name: "Table" });
  const first = table.getByRole("row").nth(1);
  assertEquals(await first.getByRole("cell").allTextContents(), ["0", "1", "1"]);
  await table.getByRole("button", { name: "square" }).click();
  await table.getByRole("columnheader", { name: "square ↑" }).waitFor();
  await table.getByRole("button", { name: "square" }).click();
  await table.getByRole("columnheader", { name: "square ↓" }).waitFor();
  assertEquals(await first.getByRole("cell").allTextContents(), ["11", "12", "144"]);
}

async function showsPicture(page: Page): Promise<void> {
  await registerInBrowser(page, "Python", PIXELS_PY);
  await chooseEndpoint(page, "lab");
  await pressRun(page);
  const result = resultOn(page);
  await result.getByRole("img").waitFor();
  await result.getByText("PNG · 2 × 1").waitFor();
  const size = await result.getByRole("img").evaluate((image) => {
    const { naturalWidth, naturalHeight } = image as HTMLImageElement;
    return [naturalWidth, naturalHeight];
  });
  assertEquals(size, [2, 1]);
}

async function isolatesHtml(page: Page): Promise<void> {
  const asked: string[] = [];
  await using elsewhere = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      asked.push(request.url);
      return new Response("");
    },
  );
  const title = await page.title();
  await registerInBrowser(page, "Python", REPORT_PY);
  await chooseEndpoint(page, "lab");
  await page.getByLabel("url", { exact: true }).fill(`http://127.0.0.1:${elsewhere.addr.port}`);
  await pressRun(page);
  const result = resultOn(page);
  // As text at first.
  await result.getByText("<h1>Report of the night</h1>").waitFor();
  const refused = ["/image'", "/style'", "Framing"].map((text) =>
    page.waitForEvent("console", (message) => message.text().includes(text))
  );
  await result.getByRole("button", { name: "Preview" }).click();
  const report = page.frameLocator("iframe[title=Preview]").frameLocator("iframe[title=Preview]");
  const heading = report.getByRole("heading", { name: "Report of the night" });
  await heading.waitFor();
  assertEquals(await colourOf(heading), "rgb(1, 2, 3)");
  assertEquals(await colourOf(report.getByText("all is well")), "rgb(4, 5, 6)");
  await Promise.all(refused);
  assertEquals(asked, []);
  assertTrue(!title.includes("ran") && !(await page.title()).includes("ran"));
}

function colourOf(element: Locator): Promise<string> {
  return element.evaluate((found) => getComputedStyle(found as Element).color);
}

async function findsFunctions(page: Page): Promise<void> {
  await page.goto("/functions");
  const table = page.getByRole("table", { name: "Functions" });
  await table.getByRole("link", { name: "wave", exact: true }).waitFor();
  await page.getByLabel("Name contains").fill("PIX");
  await table.getByRole("link", { name: "wave", exact: true }).waitFor({ state: "detached" });
  await table.getByRole("link", { name: "pixels", exact: true }).waitFor();
  await page.waitForURL(/search=PIX/);
  // A link to the whole list empties the field.
  await page.getByRole("link", { name: "Functions", exact: true }).click();
  await table.getByRole("link", { name: "wave", exact: true }).waitFor();
  assertEquals(await page.getByLabel("Name contains").inputValue(), "");
  await page.getByLabel("Name contains").fill("PIX");
  await page.waitForURL(/search=PIX/);
  await page.getByLabel("Runtime").selectOption({ label: "Shell" });
  await page.getByText("No function fits these filters").waitFor();
  await page.getByLabel("Name contains").fill("");
  await table.getByRole("link", { name: "greet", exact: true }).waitFor();
  // Another filter is changed before the page has asked for what was typed.
  await page.getByLabel("Name contains").fill("gree");
  await page.getByLabel("Owner").selectOption({ label: "Me" });
  await page.waitForURL((url) => /search=gree/.test(url.search) && /owner=me/.test(url.search));
  await page.getByLabel("Name contains").fill("");
  assertEquals(await table.getByRole("row").count(), 2);
  // What is in the address is what is shown when it is opened again.
  await page.waitForURL((url) => !url.search.includes("search"));
  await page.reload();
  await table.getByRole("link", { name: "greet", exact: true }).waitFor();
  assertEquals(await page.getByLabel("Runtime").inputValue(), "shell");
  assertEquals(await table.getByRole("row").count(), 2);
}

/** A page of the list may have nothing but versions of functions that are shown already. */
async function readsOn(page: Page, { client }: Lab): Promise<void> {
  const register = (name: string, version: number): Promise<unknown> =>
    client.register(python(`def ${name}():\n    return ${version}\n`));
  await register("many_first", 0);
  for (let version = 0; version < 250; version++) await register(`many_${version % 3}`, version);
  await page.goto("/functions?search=many_");
  await page.getByRole("table", { name: "Functions" }).getByRole("link", {
    name: "many_first",
    exact: true,
  })
    .waitFor();
}

async function tellsUsage(page: Page, { client, endpointId }: Lab): Promise<void> {
  const fn = await client.register(python("def halve(n):\n    return 1 / (n % 2)\n"));
  await using executor = new Executor(client, endpointId);
  const calls = Array.from({ length: 10 }, (_, n) => executor.submit(fn, n));
  const settled = await Promise.allSettled(calls);
  assertEquals(settled.filter(({ status }) => status === "fulfilled").length, 5);
  await page.goto(`/functions/${fn.functionId}`);
  const usage = page.getByRole("region", { name: "Where it ran" });
  const facts = usage.locator("dl");
  await facts.waitFor();
  const tasks = facts.locator("dt", { hasText: "Latest tasks" }).locator("+ dd");
  assertEquals(await tasks.textContent(), "10");
  const median = facts.locator("dt", { hasText: "Median run time" }).locator("+ dd");
  assertMatch((await median.textContent())!, /^[\d.]+ (µs|ms|s)$/);
  await usage.getByRole("link", { name: "lab" }).waitFor();
  await usage.getByText("10 tasks").waitFor();
  await usage.getByRole("link", { name: "All its tasks" }).click();
  await page.getByRole("table", { name: "Tasks, newest first" }).waitFor();
  assertTrue(page.url().endsWith(`/tasks?function=${fn.functionId}`), page.url());
}

async function makesVersions(page: Page): Promise<void> {
  await page.goto("/functions");
  await page.getByRole("link", { name: "area", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "area" }).waitFor();
  const before = page.url();
  await page.getByRole("link", { name: "Edit as a new version" }).click();
  await page.getByRole("heading", { level: 1, name: "Register a new version" }).waitFor();
  const source = page.locator('.cm-content[aria-label="Source"]');
  await source.getByText("width * height").click();
  await page.keyboard.press("End");
  await page.keyboard.insertText(" + 1");
  await page.getByLabel("Description").fill("with an edge");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByRole("status").getByRole("link", { name: "Show it" }).click();
  await page.waitForURL((url) =>
    /\/functions\/[0-9a-f-]{36}$/.test(url.href) && url.href !== before
  );
  await page.getByText("with an edge").first().waitFor();
  await page.locator(".cm-content").getByText("width * height + 1").waitFor();
  const versions = page.getByRole("region", { name: "Versions" }).getByRole("listitem");
  await versions.nth(1).waitFor();
  await versions.nth(0).getByText("newest").waitFor();
  await versions.nth(1).getByRole("link").click();
  await page.waitForURL(before);
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this function?" });
  await dialog.getByText("area cannot be run any more").waitFor();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("area is deleted").waitFor();
  const row = page.getByRole("row").filter({
    has: page.getByRole("link", { name: "area", exact: true }),
  });
  await row.getByText("with an edge").waitFor();
  assertEquals(await row.getByText("versions").count(), 0);
}
