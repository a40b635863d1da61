/** Tells that what is shown may not be so any more. */
import type { ComponentChildren } from "preact";
import { live } from "../live/live.ts";
import { english } from "../texts/english.ts";
import { ageText } from "../widgets/units.ts";
import { notableOffset, now } from "./clock.ts";

export function Banner(): ComponentChildren {
  const state = live.state.value;
  const offset = notableOffset();
  // Read so that the age goes on.
  const tick = now.value;
  if (state.kind === "broken" && tick > 0) {
    const age = ageText((Date.now() - state.since) / 1_000);
    return (
      <div class="banner" role="alert">
        <span>{english.live.broken(age)}</span>
        <span>{state.failure?.message ?? english.live.retrying}</span>
      </div>
    );
  }
  if (offset === 0) return null;
  return <div class="banner" role="status">{english.live.clockOff(offset)}</div>;
}
