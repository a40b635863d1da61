/**
 * The files beside the profiles that let an editor complete them with nothing installed: the types,
 * and a project file each for editors with Deno and for those with TypeScript alone.
 */
import type { FuncxHome } from "../../contract/home_folder.ts";
import { readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { join } from "../../lib/path.ts";
import profileTypes from "../profile.d.ts" with { type: "text" };

export interface WrittenFile {
  /** Absolute. */
  readonly path: string;
  readonly action: "created" | "updated" | "kept";
}

/** Absolute. */
export function editorFilePaths(home: FuncxHome): string[] {
  return [
    home.profileTypesFile,
    ...Object.keys(PROJECT_FILES).map((name) => join(home.root, name)),
  ];
}

/** The types always become those of this version; the project files are kept as they are. */
export function writeEditorFiles(home: FuncxHome): WrittenFile[] {
  return [
    updateFile(home.profileTypesFile, profileTypes),
    ...Object.entries(PROJECT_FILES).map(([name, content]) =>
      keepFile(join(home.root, name), `${JSON.stringify(content, null, 2)}\n`)
    ),
  ];
}

/** Strict, as the schema is; a profile has neither a browser's library nor Node's. */
const TYPESCRIPT_OPTIONS = { strict: true, noEmit: true, skipLibCheck: true };

const PROJECT_FILES = {
  "deno.json": {
    compilerOptions: { strict: true },
    // A new profile takes the site as an argument before it uses it.
    lint: { rules: { exclude: ["no-unused-vars"] } },
  },
  "tsconfig.json": {
    compilerOptions: {
      ...TYPESCRIPT_OPTIONS,
      target: "es2022",
      lib: ["es2023"],
      module: "esnext",
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      verbatimModuleSyntax: true,
      types: [],
    },
    include: ["*/*.ts"],
  },
};

function updateFile(path: string, content: string): WrittenFile {
  const present = readIfPresent(path);
  if (present === content) return { path, action: "kept" };
  writePrivateFile(path, content);
  return { path, action: present === undefined ? "created" : "updated" };
}

function keepFile(path: string, content: string): WrittenFile {
  if (readIfPresent(path) !== undefined) return { path, action: "kept" };
  writePrivateFile(path, content);
  return { path, action: "created" };
}
