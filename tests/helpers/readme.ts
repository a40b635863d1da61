/** What README.md says, for tests that hold it against the program. */
import { join } from "../../src/lib/path.ts";
import { ROOT } from "./binary.ts";

export const README = Deno.readTextFileSync(join(ROOT, "README.md"));

/**
 * The fields that a command's JSON document has by the README's table; each is a list of
 * alternatives, one of which is there. Throws for a command without a line.
 */
export function documentedFields(command: string): string[][] {
  const section = README.slice(README.indexOf("### JSON"), README.indexOf("## What is promised"));
  for (const [, commands, document] of section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)) {
    if (!commands.split(",").some((each) => each.trim() === `\`${command}\``)) continue;
    const fields = document.replace(/\([^)]*\)/g, "").matchAll(/`([@\w]+)`(?: or `(\w+)`)?/g);
    return [...fields].map(([, field, other]) => other === undefined ? [field] : [field, other]);
  }
  throw new Error(`README.md has no JSON document for ${command}`);
}
