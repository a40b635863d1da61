import type { Fetch } from "../../contract/protocol/manager_messages.ts";
import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import { FileDownloads, RESULT_FILE } from "./file_transfer.ts";

const SIZE = 10;

/** A file of 10 bytes that is on its way; removed with its folder. */
class Stage implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-transfer-" });
  readonly path = join(this.folder, "arriving");
  readonly asked: Fetch[] = [];
  readonly downloads = new FileDownloads();
  readonly arrived: Promise<void>;

  constructor() {
    this.downloads.opened((fetch) => this.asked.push(fetch));
    const { path } = this;
    const wanted = { taskId: "task", attempt: 1, file: RESULT_FILE, size: SIZE, path };
    this.arrived = this.downloads.fetch(wanted);
  }

  /** Answers what was asked last. */
  piece(data: Uint8Array): void {
    const { request } = this.asked.at(-1)!;
    this.downloads.received({ type: "piece", request, data });
  }

  get files(): string[] {
    return [...Deno.readDirSync(this.folder)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("a file arrives in pieces, and goes on in the next session", async () => {
  using stage = new Stage();
  stage.piece(new Uint8Array(4).fill(1));
  stage.downloads.closed();
  stage.downloads.opened((fetch) => stage.asked.push(fetch));
  stage.piece(new Uint8Array(6).fill(2));
  await stage.arrived;
  assertEquals(stage.asked.map(({ offset, length }) => [offset, length]), [
    [0, 10],
    [4, 6],
    [4, 6],
  ]);
  assertEquals(Deno.readFileSync(stage.path), new Uint8Array([1, 1, 1, 1, 2, 2, 2, 2, 2, 2]));
});

Deno.test("of a file whose peer is gone, or does not have it any more, nothing is left", async () => {
  for (const fail of [giveUp, sendTooMuch]) {
    using stage = new Stage();
    stage.piece(new Uint8Array(4));
    assertEquals(stage.files, ["arriving"]);
    fail(stage);
    await assertRejects(() => stage.arrived, /it is gone|not as it was told/);
    assertEquals(stage.files, []);
  }
});

function giveUp({ downloads }: Stage): void {
  downloads.giveUp("it is gone");
}

function sendTooMuch(stage: Stage): void {
  stage.piece(new Uint8Array(SIZE));
}
