import type { Page } from "playwright-core";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { python } from "../../../src/client/mod.ts";
import { pack, writeBuffer } from "../../../src/contract/envelope.ts";
import { test } from "../../helpers/chromium.ts";
import { FakeEndpoint } from "../../helpers/fake_endpoint.ts";
import { type Lab, resultOn, withLab } from "./lab.ts";
import { PHONE } from "./portal.ts";

const MARKUP = `<img src=x onerror="document.title='ran'"><script>document.title='ran'</script>`;
/** 200 characters. */
const ARABIC = "حسابالمناخالإقليمي".repeat(12).slice(0, 200);

const GIVE_PY = `def give(value):
    return value
`;
const LONG_PY = `def long(count):
    return [{"index": n, "text": "x" * 80} for n in range(count)]
`;
const PRINT_PY = `def say(text):
    print(text, flush=True)
    return text
`;
/** A pickle of Python, by hand. */
const PICKLED = writeBuffer({ header: "01", body: "gASVCgAAAAAAAACMBmNvbXBsZXiULg==" });

test("the portal shows bad, large and strange data as what it is", async (t) => {
  await withLab(async (lab) => {
    await using portal = await lab.signedIn();
    const { page } = portal;
    await t.step("10 MB of JSON, while the page goes on", () => staysResponsive(page, lab));
    await t.step("control characters and colours of terminals", () => showsControls(page, lab));
    await t.step("markup is text, in names, output and results", () => showsMarkup(page, lab));
    await t.step("names of 200 characters fit a phone", () => fitsPhone(lab));
    await t.step("what only Python can read", () => tellsOpaque(page, lab));
    await t.step("what a page cannot show is the end of no other page", () => staysUp(lab));
  });
});

async function runOne(
  { client, endpointId }: Lab,
  source: string,
  args: readonly unknown[],
  name?: string,
): Promise<{ readonly task: string; readonly functionId: string }> {
  const { functionId } = await client.register(python(source), { name });
  const payload = await client.blobs.payload(args, {});
  const { tasks } = await client.submit(endpointId, { tasks: { [functionId]: [payload] } });
  const task = tasks[functionId]![0]!;
  await client.wait(task);
  return { task, functionId };
}

/** The result is above 1 MiB, so the service keeps it beside the task and the page fetches it. */
async function staysResponsive(page: Page, lab: Lab): Promise<void> {
  const { task } = await runOne(lab, LONG_PY, [95_000]);
  await page.goto(`/tasks/${task}`);
  // While the result is fetched and taken apart.
  await page.getByRole("button", { name: "Dark colours" }).click();
  await page.getByRole("button", { name: "Light colours" }).click();
  const result = resultOn(page).last();
  await result.getByRole("tab", { name: "Tree" }).click();
  await result.getByRole("treeitem").first().waitFor();
  const search = result.getByLabel("Search keys and values");
  await search.fill("94999");
  assertEquals(await search.inputValue(), "94999");
  await result.getByText("1 of 1").or(result.getByText("1 found")).first().waitFor();
  await result.getByRole("tab", { name: "JSON" }).click();
  await result.getByText(/ of 1\d(\.\d)? M(i)?B shown/).waitFor();
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
}

async function showsControls(page: Page, lab: Lab): Promise<void> {
  const text = "\u001b[31mred\u001b[0m \u0007bell \u202eturned\u202c \u0000nul";
  const { task } = await runOne(lab, PRINT_PY, [text]);
  await page.goto(`/tasks/${task}`);
  const result = await resultOn(page).getByLabel("Text of the result").textContent();
  assertEquals(result, "␛[31mred␛[0m ␇bell ⟨U+202E⟩turned⟨U+202C⟩ ␀nul");
  const output = page.getByRole("region", { name: "Lines of stdout" });
  await output.getByText("red ␇bell ⟨U+202E⟩turned⟨U+202C⟩ ␀nul").waitFor();
}

async function showsMarkup(page: Page, lab: Lab): Promise<void> {
  const { task, functionId } = await runOne(lab, PRINT_PY, [MARKUP], MARKUP);
  for (const path of [`/tasks/${task}`, `/functions/${functionId}`, "/functions", "/tasks"]) {
    await page.goto(path);
    await page.getByText(MARKUP).first().waitFor();
    assertTrue(!(await page.title()).startsWith("ran"), await page.title());
    assertEquals(await page.locator("img[src=x], main script").count(), 0);
  }
}

async function fitsPhone(lab: Lab): Promise<void> {
  const { client, service } = lab;
  const other = await service.registerEndpoint(ARABIC);
  const { task, functionId } = await runOne(lab, GIVE_PY, [ARABIC], ARABIC);
  const { task_group_id: group } = await client.taskDetail(task);
  // An endpoint that is offline has no log to show.
  await using portal = await lab.signedIn({ size: PHONE, expected: [/409/] });
  const { page } = portal;
  const paths = [
    "/",
    "/endpoints",
    `/endpoints/${other.endpoint_id}`,
    "/functions",
    `/functions/${functionId}`,
    `/run?function=${functionId}&endpoint=${other.endpoint_id}`,
    "/tasks",
    `/tasks/${task}`,
    `/groups/${group}`,
  ];
  const tooWide: string[] = [];
  for (const path of paths) {
    await page.goto(path);
    await portal.settled();
    const [width, room] = await page.evaluate(() => [
      document.scrollingElement!.scrollWidth,
      innerWidth,
    ]);
    if (width! > room!) tooWide.push(`${path}: ${width} of ${room}`);
  }
  assertEquals(tooWide, []);
}

/** A schema that nests deeper than a browser can follow: the page that would show it fails. */
async function staysUp(lab: Lab): Promise<void> {
  const { functionId } = await lab.client.register(python(GIVE_PY));
  await using portal = await lab.signedIn({ expected: [/RangeError/] });
  const { page } = portal;
  const depth = 50_000;
  const type = '{"anyOf":['.repeat(depth) + "]}".repeat(depth);
  await page.route(`**/v2/functions/${functionId}`, async (route) => {
    const answer = await route.fetch();
    const json = JSON.stringify({ ...await answer.json(), parameters: "" });
    const body = json.replace('"parameters":""', `"parameters":{"properties":{"a":${type}}}`);
    await route.fulfill({ response: answer, body });
  });
  await page.goto(`/run?function=${functionId}`);
  await page.getByRole("alert").getByText("code PAGE_FAILED").waitFor();
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
  await page.unrouteAll();
  await page.goBack();
  await page.getByLabel("value", { exact: true }).waitFor();
}

/** A function in a form without source, whose result is in one too. */
async function tellsOpaque(page: Page, { client, service }: Lab): Promise<void> {
  const functionId = await client.registerFunction({
    function_name: "pickled",
    function_code: pack([PICKLED]),
  });
  await page.goto(`/functions/${functionId}`);
  await page.getByText("This function was serialized with").waitFor();
  assertEquals(await page.getByRole("link", { name: "Edit as a new version" }).count(), 0);
  const registration = await service.registerEndpoint("by hand");
  using endpoint = await FakeEndpoint.dial(registration);
  endpoint.send(endpoint.hello({ runtimes: ["python"] }));
  await endpoint.next("welcome");
  const payload = await client.blobs.payload([], {});
  const answer = await client.submit(registration.endpoint_id, {
    tasks: { [functionId]: [payload] },
  });
  await endpoint.next("tasks");
  const task = answer.tasks[functionId]![0]!;
  const result = new TextEncoder().encode(PICKLED.replace(/^01/, "00"));
  endpoint.sendValue({
    type: "results",
    results: [{ task_id: task, attempt: 1, state: "success", result, timeline: [] }],
  });
  await client.wait(task);
  await page.goto(`/tasks/${task}`);
  await resultOn(page).getByText("which only Python can read").waitFor();
  await resultOn(page).getByRole("button", { name: "Download .txt" }).waitFor();
}
