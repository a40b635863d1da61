/** Variables of the environment that hold secrets, by custom. */

/** A word that ends there: TOKENIZERS_PARALLELISM is none. PGPASSWORD shows that it may begin anywhere. */
const SECRET =
  /(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEYS?|ACCESS_?KEYS?|PRIVATE_?KEYS?)(?![A-Z])/i;

const PATH = /_(?:FILE|PATH|DIR)$/i;

/** Whether a variable of this name tells a secret. The path of a file that holds one is no secret. */
export function namesSecret(name: string): boolean {
  return SECRET.test(name) && !PATH.test(name);
}
