import { assertEquals, assertTrue } from "./assert.ts";
import { logger } from "./log.ts";
import { openLogFile } from "./log_file.ts";

Deno.test("lines are in the file at once, as JSON, for its owner alone", async () => {
  const folder = await Deno.makeTempDir();
  const umask = Deno.umask();
  try {
    const path = `${folder}/logs/service.log`;
    await using _log = await openLogFile(path, "info");
    const log = logger("service", "api");
    log.debug("not wanted");
    log.error("failed: {error}", { error: new Error("disk on fire"), session: "abc" });
    const [record, ...more] = Deno.readTextFileSync(path).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(more, []);
    assertEquals([record.level, record.logger], ["ERROR", "funcx.service.api"]);
    assertEquals(record.properties.session, "abc");
    assertTrue(JSON.stringify(record).includes("disk on fire"));
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertEquals(Deno.statSync(`${folder}/logs`).mode! & 0o777, 0o700);
  } finally {
    Deno.umask(umask);
    await Deno.remove(folder, { recursive: true });
  }
});
