/** The profile of a site as `configure --site` writes it, for tests. */
import { assertTrue } from "../../lib/assert.ts";
import { placeholdersIn } from "../placeholders.ts";
import { loadProfile } from "../resolve.ts";
import type { ResolvedProfile } from "../schema.ts";
import { fillIn } from "../templates/settings.ts";
import { templateOfSite } from "../templates/templates.ts";
import { draftProfile, writeDraft } from "../templates/write_profile.ts";
import { environment, ScratchHome } from "./scratch_home.ts";

/** What its user answers to whatever is asked; a number fits wherever a word does. */
export const ANSWER = "4";

/** Written with every placeholder filled in, and evaluated in the sandbox. */
export async function loadSiteProfile(name: string): Promise<ResolvedProfile> {
  using scratch = new ScratchHome();
  const draft = draftProfile(scratch.home, name, templateOfSite(name), []);
  const names = new Set(placeholdersIn(draft.profile).map((placeholder) => placeholder.name));
  const profile = [...names].reduce((filled, each) => fillIn(filled, each, ANSWER), draft.profile);
  writeDraft(scratch.home, { ...draft, profile });
  const env = environment({ PATH: "/nonexistent", HOME: "/home/ada" });
  const outcome = await loadProfile({ home: scratch.home, name, env });
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value;
}
