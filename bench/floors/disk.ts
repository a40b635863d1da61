/** What the disk alone can do: syncing, and libSQL as the store and the spool open it. */
import { closeDatabase, openDatabase } from "../../src/lib/database.ts";
import { join } from "../../src/lib/path.ts";
import { FLOOR } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";
import { median, quantile } from "../statistics.ts";

const ROW = new Uint8Array(200).fill(120);
const ROWS_PER_COMMIT = 500;

/** Milliseconds that each of `count` synced writes took. */
export function syncTimes(folder: string, count: number, bytes = 4_096): number[] {
  const path = Deno.makeTempFileSync({ dir: folder });
  const data = new Uint8Array(bytes).fill(1);
  try {
    using file = Deno.openSync(path, { write: true });
    return Array.from({ length: count }, () => {
      const begun = performance.now();
      for (let written = 0; written < bytes;) written += file.writeSync(data.subarray(written));
      file.syncDataSync();
      return performance.now() - begun;
    });
  } finally {
    Deno.removeSync(path);
  }
}

/** Inserted rows a second, with `perCommit` rows in a transaction. */
function insertRate(folder: string, commits: number, perCommit: number): number {
  const path = join(Deno.makeTempDirSync({ dir: folder }), "rows.db");
  const connection = openDatabase(path);
  connection.exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, data BLOB NOT NULL)");
  const insert = connection.prepare("INSERT INTO rows (data) VALUES (?)");
  const transaction = connection.transaction(() => {
    for (let row = 0; row < perCommit; row++) insert.run([ROW]);
  });
  const begun = performance.now();
  for (let done = 0; done < commits; done++) transaction();
  const seconds = (performance.now() - begun) / 1_000;
  closeDatabase(connection);
  return commits * perCommit / seconds;
}

export const diskFloors: Scenario = {
  name: "disk: syncing, libSQL",
  subject: FLOOR,
  rows: [2, 3, 6, 7],
  run: (context) => {
    const times = syncTimes(context.folder, sized(context, 500, 20));
    context.record("floor.fsync", median(times));
    context.record("floor.fsync_p99", quantile(times, 0.99));
    const large = median(syncTimes(context.folder, sized(context, 20, 2), 1_000_000));
    context.record("floor.write_bytes", 1_000 / large);
    context.record("floor.libsql_commits", insertRate(context.folder, sized(context, 500, 20), 1));
    context.record(
      "floor.libsql_rows",
      insertRate(context.folder, sized(context, 100, 2), ROWS_PER_COMMIT),
    );
    return Promise.resolve();
  },
};
