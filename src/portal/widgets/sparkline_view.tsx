/** How a number went lately, in a line of text. */
import type { ComponentChildren } from "preact";
import { sparklinePath } from "./sparkline.ts";

const WIDTH = 56;
const HEIGHT = 18;

/** `label` says what the line shows to those who do not see it. */
export function Sparkline(
  { values, label }: { readonly values: readonly number[]; readonly label: string },
): ComponentChildren {
  const path = sparklinePath(values, WIDTH, HEIGHT);
  return (
    <svg
      class="sparkline"
      role="img"
      aria-label={label}
      width={WIDTH}
      height={HEIGHT + 2}
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
    >
      <title>{label}</title>
      {path !== undefined && (
        <>
          <path class="ground" d={`${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
          <path class="line" d={path} />
        </>
      )}
    </svg>
  );
}
