/** Old configurations made into profiles, for tests. */
import { assertGood, migrate, type Migration } from "../migration/migration.ts";
import { chooseOld } from "../migration/old_folders.ts";
import { siteFacts } from "../site.ts";

const env = (name: string): string | undefined => ({ HOME: "/home/ann", USER: "ann" })[name];

/** What becomes of these files, whose profile is good; they are gone afterwards. */
export async function migrated(files: Readonly<Record<string, string>>): Promise<Migration> {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    const made = migrate(chooseOld([], folder), "site", "~/old", {
      user: "ann",
      home: "/home/ann",
    });
    await assertGood(made, siteFacts("site", env), env);
    return made;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Old keys of all notes of a kind. */
export function keysOf({ notes }: Migration, kind: string): string[] {
  return notes.filter((note) => note.kind === kind).map(({ key }) => key);
}
