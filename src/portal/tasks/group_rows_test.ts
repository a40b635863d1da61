import { assertEquals } from "../../lib/assert.ts";
import type { TaskGroupSummary } from "../../contract/api.ts";
import { type GroupRows, NO_GROUPS, withFirstPage, withNextPage } from "./group_rows.ts";

function groups(...ids: readonly string[]): TaskGroupSummary[] {
  return ids.map((id) => ({
    task_group_id: id,
    created_at: 0,
    tasks: 1,
    by_state: {},
    last_completed_at: null,
    function_name: "f",
  }));
}

function shown({ items, cursor }: GroupRows): unknown {
  return [items.map((group) => group.task_group_id).join(" "), cursor];
}

/** Two pages of two. */
const READ = withNextPage(withNextPage(NO_GROUPS, { items: groups("d", "c"), next_cursor: "c" }), {
  items: groups("b", "a"),
  next_cursor: "a",
});

Deno.test("new groups come first, and those behind stay", () => {
  const again = withFirstPage(READ, { items: groups("e", "d"), next_cursor: "d" });
  assertEquals(shown(again), ["e d c b a", "a"]);
});

Deno.test("a group is as it was read last", () => {
  const [known] = groups("d");
  const items = [{ ...known!, tasks: 5 }, ...groups("c")];
  const again = withFirstPage(READ, { items, next_cursor: "c" });
  assertEquals(again.items[0]!.tasks, 5);
  assertEquals(shown(again), ["d c b a", "a"]);
});

Deno.test("the list begins anew where groups between are missing, or all are in the page", () => {
  const many = withFirstPage(READ, { items: groups("h", "g"), next_cursor: "g" });
  assertEquals(shown(many), ["h g", "g"]);
  const all = withFirstPage(READ, { items: groups("d", "b"), next_cursor: null });
  assertEquals(shown(all), ["d b", null]);
  assertEquals(shown(withFirstPage(NO_GROUPS, { items: [], next_cursor: null })), ["", null]);
});
