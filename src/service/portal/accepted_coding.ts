/** Which coding of a file a browser gets, by its Accept-Encoding header. */
import type { Coding } from "./portal_files.ts";

/** The first of `codings` that is accepted, in our order: theirs rarely says more than which. */
export function acceptedCoding(header: string | null, codings: readonly Coding[]): Coding {
  const weights = weightsOf(header ?? "");
  const accepts = (coding: Coding): boolean => (weights.get(coding) ?? weights.get("*") ?? 0) > 0;
  return codings.find((coding) => coding !== "identity" && accepts(coding)) ?? "identity";
}

function weightsOf(header: string): ReadonlyMap<string, number> {
  return new Map(
    header.toLowerCase().split(",").map((part) => {
      const [coding = "", ...parameters] = part.split(";").map((word) => word.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return [coding, weight === undefined ? 1 : Number(weight.slice(2))] as const;
    }),
  );
}
