/**
 * Brings the peers, in pinned versions, into a scratch folder that is kept for the next run: PyPI's
 * into a virtual environment, npm's into a folder, Debian's unpacked without being installed.
 */
import { capture } from "../../scripts/build/command.ts";
import { join } from "../../src/lib/path.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { PYTHON } from "../../tests/helpers/python.ts";

const PYTHON_PACKAGES: readonly string[] = [
  "parsl==2026.10.26",
  "distributed==2026.8.0",
  "celery==5.7.0",
  "redis==8.1.0",
];
const NPM_PACKAGES: readonly string[] = ["bullmq@6.7.0", "ioredis@6.0.0"];
/** In the version that this Debian has; Redis with the libraries that it needs. */
const DEBIAN_PACKAGES: Readonly<Record<"redis" | "parallel", readonly string[]>> = {
  redis: [
    "redis-server",
    "redis-tools",
    "libjemalloc2",
    "liblua5.1-0",
    "liblzf1",
    "libhiredis0.14",
    "libatomic1",
    "lua-cjson",
    "lua-bitop",
  ],
  parallel: ["parallel"],
};

export type Ecosystem = "python" | "npm" | "redis" | "parallel";

/** Where something was installed, or why it could not be. */
export type Installed =
  | { readonly kind: "installed"; readonly folder: string }
  | { readonly kind: "missing"; readonly reason: string };

export class PeerInstaller {
  readonly #root: string;
  readonly #installed = new Map<Ecosystem, Promise<Installed>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Once for each ecosystem; later calls get the same answer. */
  install(ecosystem: Ecosystem): Promise<Installed> {
    let installed = this.#installed.get(ecosystem);
    if (installed === undefined) {
      installed = this.#install(ecosystem);
      this.#installed.set(ecosystem, installed);
    }
    return installed;
  }

  async #install(ecosystem: Ecosystem): Promise<Installed> {
    const packages = packagesOf(ecosystem);
    const folder = join(this.#root, ecosystem);
    // Says what is in the folder; written last.
    const marker = join(folder, "packages.json");
    try {
      if (readIfThere(marker) !== JSON.stringify(packages)) {
        Deno.mkdirSync(folder, { recursive: true });
        await INSTALLERS[ecosystem](folder, packages);
        Deno.writeTextFileSync(marker, JSON.stringify(packages));
      }
      return { kind: "installed", folder };
    } catch (thrown) {
      const reason = messageOf(thrown).trim().split("\n").at(-1)!;
      return { kind: "missing", reason: `not installed: ${reason}` };
    }
  }
}

/** The pinned version of a package of PyPI or npm, for people. */
export function pinnedVersion(name: string): string {
  for (const pin of [...PYTHON_PACKAGES, ...NPM_PACKAGES]) {
    const [, pinned, version] = /^(.+?)[=@]+(.+)$/.exec(pin)!;
    if (pinned === name) return `${name} ${version}`;
  }
  throw new Error(`${name} is not a package that is installed`);
}

/** The version of an unpacked Debian package. */
export function debianVersion(folder: string, name: string): string {
  const file = [...Deno.readDirSync(folder)].find((entry) => entry.name.startsWith(`${name}_`));
  const version = file?.name.split("_")[1] ?? "of an unknown version";
  return `${name} ${decodeURIComponent(version)}`;
}

function packagesOf(ecosystem: Ecosystem): readonly string[] {
  if (ecosystem === "python") return PYTHON_PACKAGES;
  return ecosystem === "npm" ? NPM_PACKAGES : DEBIAN_PACKAGES[ecosystem];
}

type Install = (folder: string, packages: readonly string[]) => Promise<void>;

const INSTALLERS: Readonly<Record<Ecosystem, Install>> = {
  python: async (folder, packages) => {
    if (PYTHON === undefined) throw new Error("there is no python3 here");
    await capture(PYTHON, ["-m", "venv", folder]);
    await capture(join(folder, "bin", "pip"), ["install", "--quiet", ...packages]);
  },
  npm: async (folder, packages) => {
    Deno.writeTextFileSync(join(folder, "package.json"), "{}\n");
    await capture("npm", ["install", "--silent", "--no-audit", "--no-fund", ...packages], {
      cwd: folder,
    });
  },
  redis: unpackDebian,
  parallel: unpackDebian,
};

async function unpackDebian(folder: string, packages: readonly string[]): Promise<void> {
  await capture("apt-get", ["download", "--quiet", ...packages], { cwd: folder });
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.endsWith(".deb")) await capture("dpkg", ["-x", name, "root"], { cwd: folder });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** The programs and libraries of an unpacked Debian package. */
export function debianEnvironment(folder: string): Record<string, string> {
  const root = join(folder, "root", "usr");
  const libraries = namesIn(join(root, "lib")).map((name) => join(root, "lib", name));
  return {
    PATH: `${join(root, "bin")}:${Deno.env.get("PATH") ?? ""}`,
    LD_LIBRARY_PATH: libraries.join(":"),
  };
}

/** Empty for a folder that is not there. */
function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}
