import manifest from "../../deno.json" with { type: "json" };

/** The product's version, from `deno.json`. */
export const VERSION: string = manifest.version;
