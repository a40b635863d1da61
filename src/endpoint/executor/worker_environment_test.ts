import { assertEquals } from "../../lib/assert.ts";
import { typescriptEnvironment, workerEnvironment } from "./worker_environment.ts";

const options = {
  inherited: {
    PATH: "/bin",
    HOME: "/home/a",
    SLURM_JOB_ID: "7",
    MONKEY: "1",
    TOKENIZERS_PARALLELISM: "false",
    PGPASSWORD: "x",
    FUNCX_TOKEN_FILE: "/x",
    DENO_AUTH_TOKENS: "x",
    AWS_SECRET_ACCESS_KEY: "x",
    GITHUB_TOKEN: "x",
    token: "x",
    DB_PASSWORD: "x",
    SERVICE_API_KEY: "x",
  },
  added: { GITHUB_TOKEN: "granted" },
  managerId: "m",
};

Deno.test("workers see the site's environment without secrets, but for what the profile adds", () => {
  assertEquals(workerEnvironment(options), {
    PATH: "/bin",
    HOME: "/home/a",
    SLURM_JOB_ID: "7",
    MONKEY: "1",
    TOKENIZERS_PARALLELISM: "false",
    GITHUB_TOKEN: "granted",
    FUNCX_MANAGER: "m",
  });
});

Deno.test("TypeScript workers see what Deno needs, and what the profile adds", () => {
  assertEquals(typescriptEnvironment(options), {
    PATH: "/bin",
    HOME: "/home/a",
    GITHUB_TOKEN: "granted",
    FUNCX_MANAGER: "m",
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  });
});
