import { assertEquals } from "./assert.ts";
import { namesSecret } from "./secret_names.ts";

Deno.test("secrets are known by the custom of their names", () => {
  const secrets = [
    "GITHUB_TOKEN",
    "DENO_AUTH_TOKENS",
    "token",
    "HF_TOKEN2",
    "AWS_SECRET_ACCESS_KEY",
    "SECRETKEY_PASSPHRASE",
    "PGPASSWORD",
    "DB_PASSWORD",
    "OPENAI_API_KEY",
    "OPENAI_APIKEY",
    "SSH_PRIVATE_KEY",
    "TOKEN_FILE_CONTENT",
  ];
  assertEquals(secrets.filter(namesSecret), secrets);
});

Deno.test("what only sounds like a secret is none, nor is the path of one", () => {
  const plain = [
    "TOKENIZERS_PARALLELISM",
    "SECRETARY",
    "PASSWORDLESS_LOGIN",
    "MONKEY",
    "KEYBOARD",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS_PATH",
    "PATH",
  ];
  assertEquals(plain.filter(namesSecret), []);
});
