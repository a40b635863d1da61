/** All tasks of the viewer, and the groups that they came in. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { useLocation } from "preact-iso";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";
import { TabPanel, Tabs } from "../widgets/tabs.tsx";
import { FilterBar } from "./filter_bar.tsx";
import { GroupList } from "./group_list.tsx";
import { addressOfFilter, filterOfAddress, isId, type TaskFilter } from "./task_filter.ts";
import { TaskTable } from "./task_table.tsx";

export function TasksPage(): ComponentChildren {
  const { query, route } = useLocation();
  const panel = useId();
  const { title, tabs, groups } = english.tasks;
  const view = query.view === "groups" ? "groups" : "tasks";
  const filter = filterOfAddress(query);
  const show = (next: TaskFilter): void => {
    const address = addressOfFilter(next);
    route(address === "" ? "/tasks" : `/tasks?${address}`, true);
  };
  return (
    <Page title={title} actions={<OpenById />}>
      <Tabs
        panel={panel}
        label={tabs}
        tabs={[["tasks", title], ["groups", groups.title]]}
        chosen={view}
        onChoose={(id) => route(id === "groups" ? "/tasks?view=groups" : "/tasks")}
      />
      <TabPanel id={panel} chosen={view}>
        {view === "groups" ? <GroupList /> : (
          <>
            <FilterBar filter={filter} onChange={show} />
            <TaskTable filter={filter} />
          </>
        )}
      </TabPanel>
    </Page>
  );
}

/** A task whose id was printed somewhere else. */
function OpenById(): ComponentChildren {
  const { route } = useLocation();
  const text = useSignal("");
  const { byId, noId } = english.tasks;
  const isWrong = text.value !== "" && !isId(text.value);
  return (
    <form
      class="open-by-id"
      onSubmit={(event) => {
        event.preventDefault();
        if (isId(text.value)) route(`/tasks/${text.value}`);
      }}
    >
      <input
        type="search"
        aria-label={byId}
        placeholder={byId}
        aria-invalid={isWrong}
        title={isWrong ? noId : undefined}
        spellcheck={false}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value.trim().toLowerCase();
          if (isId(text.value)) route(`/tasks/${text.value}`);
        }}
      />
    </form>
  );
}
