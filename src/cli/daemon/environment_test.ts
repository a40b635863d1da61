import { assertEquals } from "../../lib/assert.ts";
import { daemonEnvironment } from "./environment.ts";

function kept(...names: string[]): string[] {
  return Object.keys(daemonEnvironment(Object.fromEntries(names.map((name) => [name, "x"]))));
}

Deno.test("what the site sets stays", () => {
  const site = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "LD_LIBRARY_PATH",
    "MODULEPATH",
    "SLURM_CONF",
    "https_proxy",
    "LM_LICENSE_FILE",
    "CONDA_PREFIX",
    "FUNCX_USER_DIR",
    "FUNCX_TOKEN_FILE",
    "PARTITION",
    "TOKENIZERS_PARALLELISM",
    "DENO_DIR",
  ];
  assertEquals(kept(...site), site);
});

Deno.test("secrets and the session's own variables go", () => {
  assertEquals(
    kept(
      "GITHUB_TOKEN",
      "AWS_SECRET_ACCESS_KEY",
      "DB_PASSWORD",
      "OPENAI_API_KEY",
      "SSH_AUTH_SOCK",
      "TMUX",
      "TERM",
      "PWD",
      "DENO_AUTH_TOKENS",
      "NODE_OPTIONS",
    ),
    [],
  );
});

Deno.test("our paths are absolute, an empty one stays empty", () => {
  const environment = { FUNCX_TOKEN_FILE: "token", FUNCX_USER_DIR: "", OTHER_DIR: "x" };
  assertEquals(daemonEnvironment(environment), {
    FUNCX_TOKEN_FILE: `${Deno.cwd()}/token`,
    FUNCX_USER_DIR: "",
    OTHER_DIR: "x",
  });
});
