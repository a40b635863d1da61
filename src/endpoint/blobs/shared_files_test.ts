import { blobPath, handedFolder, handedPath } from "../../contract/blob_hand_over.ts";
import { newId } from "../../contract/ids.ts";
import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { dirname, join } from "../../lib/path.ts";
import { handFile, takeFile } from "./shared_files.ts";

const BLOB = { sha256: "ab".repeat(32), size: 3 };

/** A service's folder of blobs, and one of an agent. */
async function withFolders(action: (service: string, agent: string) => unknown): Promise<void> {
  const root = await Deno.makeTempDir();
  const [service, agent] = [join(root, "service"), join(root, "agent")];
  try {
    for (const folder of [handedFolder(service), agent]) {
      Deno.mkdirSync(folder, { recursive: true });
    }
    await action(service, agent);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function write(path: string, text: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, text);
}

Deno.test("the service's file is taken, whoever owns it and whatever lies in the way", async () => {
  await withFolders((service, agent) => {
    const path = join(agent, BLOB.sha256);
    assertEquals(takeFile(service, BLOB, path), false);
    write(blobPath(service, "7", BLOB.sha256), "abc");
    write(path, "left by an earlier agent");
    assertEquals(takeFile(service, BLOB, path), true);
    assertEquals(Deno.readTextFileSync(path), "abc");
    // An owner who was not known before.
    const other = { ...BLOB, sha256: "cd".repeat(32) };
    write(blobPath(service, "8", other.sha256), "def");
    assertEquals(takeFile(service, other, join(agent, other.sha256)), true);
  });
});

Deno.test("a file is handed over while the service is asked, and no longer", async () => {
  await withFolders(async (service, agent) => {
    const path = join(agent, "result");
    write(path, "abc");
    const taskId = newId();
    const handed = handedPath(service, taskId, BLOB);
    const seen: string[] = [];
    const asked = (complete: boolean): Promise<{ complete: boolean }> => {
      seen.push(Deno.readTextFileSync(handed));
      return Promise.resolve({ complete });
    };
    const hand = { folder: service, taskId, blob: BLOB, path };
    for (const complete of [false, true]) {
      assertEquals(await handFile(hand, () => asked(complete)), complete);
      assertEquals([...Deno.readDirSync(handedFolder(service))], []);
    }
    await assertRejects(
      () => handFile(hand, () => Promise.reject(new Error("refused"))),
      /refused/,
    );
    assertEquals([...Deno.readDirSync(handedFolder(service))], []);
    assertEquals(seen, ["abc", "abc"]);
    assertEquals(Deno.readTextFileSync(path), "abc");
  });
});

Deno.test("where the service's folder cannot be reached nothing is asked", async () => {
  await withFolders(async (service, agent) => {
    const path = join(agent, "result");
    write(path, "abc");
    Deno.removeSync(handedFolder(service));
    const hand = { folder: service, taskId: newId(), blob: BLOB, path };
    const never = (): Promise<never> => Promise.reject(new Error("asked"));
    assertEquals(await handFile(hand, never), false);
  });
});
