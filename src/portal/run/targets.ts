/** Where a call goes: to one endpoint, or to any of a group. It stands in the address of the page. */

export type Target =
  | { readonly kind: "endpoint"; readonly id: string }
  | { readonly kind: "site"; readonly site: string }
  | { readonly kind: "any" };

export const ANY = "any";
const SITE = "site:";

export function targetOf(text: string | undefined): Target | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === ANY) return { kind: "any" };
  if (text.startsWith(SITE)) return { kind: "site", site: text.slice(SITE.length) };
  return { kind: "endpoint", id: text.toLowerCase() };
}

export function textOf(target: Target): string {
  switch (target.kind) {
    case "any":
      return ANY;
    case "site":
      return SITE + target.site;
    case "endpoint":
      return target.id;
  }
}
