/** The service's time, by which ages are told. */
import { live } from "../live/live.ts";
import { setServiceTime } from "../shell/clock.ts";
import { client } from "./session.ts";

/**
 * Asks for it when the page begins, and whenever it may have missed something: the computer may have
 * slept, or got another time meanwhile.
 */
export function keepServiceTime(): void {
  let isKnown = false;
  live.opened.subscribe((count) => {
    // The first opening is that of this page.
    if (count === 1 && isKnown) return;
    client.health().then(({ now }) => {
      isKnown = true;
      setServiceTime(now);
    }, () => {});
  });
}
