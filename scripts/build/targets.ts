/** The machines that the program is built for. */

export interface Target {
  readonly name: string;
  /** As `deno compile --target` says it. */
  readonly triple: string;
  /** npm package that holds Deno's binary. */
  readonly denoPackage: string;
  /** npm package that holds libSQL's native add-on. */
  readonly libsqlPackage: string;
  /** What `uname -sm` prints there. */
  readonly machine: string;
}

export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    triple: "x86_64-unknown-linux-gnu",
    denoPackage: "@deno/linux-x64-glibc",
    libsqlPackage: "@libsql/linux-x64-gnu",
    machine: "Linux x86_64",
  },
  {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-gnu",
    denoPackage: "@deno/linux-arm64-glibc",
    libsqlPackage: "@libsql/linux-arm64-gnu",
    machine: "Linux aarch64",
  },
  {
    name: "macos-x64",
    triple: "x86_64-apple-darwin",
    denoPackage: "@deno/darwin-x64",
    libsqlPackage: "@libsql/darwin-x64",
    machine: "Darwin x86_64",
  },
  {
    name: "macos-arm64",
    triple: "aarch64-apple-darwin",
    denoPackage: "@deno/darwin-arm64",
    libsqlPackage: "@libsql/darwin-arm64",
    machine: "Darwin arm64",
  },
];

export function hostTarget(): Target | undefined {
  return TARGETS.find((target) => target.triple === Deno.build.target);
}

/** By name or triple. */
export function findTarget(text: string): Target | undefined {
  return TARGETS.find((target) => target.name === text || target.triple === text);
}
