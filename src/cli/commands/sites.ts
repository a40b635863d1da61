import { placeholdersIn } from "../../profile/placeholders.ts";
import type { SiteTemplate } from "../../profile/templates/site_template.ts";
import { SITES } from "../../profile/templates/sites.ts";
import { defineCommand } from "../command.ts";
import { table } from "../output/table.ts";

export const command = defineCommand({
  description:
    "Machines that `funcx-endpoint configure --site SITE` makes a profile for. What is " +
    "left to you is asked for then, or given by its flags.",
  parameters: {},
  run: async ({ output }) => {
    const sites = SITES.map(document);
    await output.show(sites, () =>
      table(
        ["Site", "Machine", "Left to you"],
        sites.map(({ name, title, placeholders }) => [name, title, placeholders.join(", ")]),
      ));
  },
});

function document(site: SiteTemplate): {
  readonly name: string;
  readonly title: string;
  readonly scheduler: string;
  readonly placeholders: readonly string[];
  readonly source: string;
} {
  const { name, title, source, executor } = site;
  const placeholders = [...new Set(placeholdersIn({ executor }).map((each) => each.name))];
  return { name, title, scheduler: executor.provider?.type ?? "local", placeholders, source };
}
