/** The endpoint's workers as a heat map: what runs where, and since when. */
import type { ComponentChildren, JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { memo } from "preact/compat";
import { type Signal, useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { ageText, countText, shortId } from "../widgets/units.ts";
import { FunctionName } from "./function_name.tsx";
import { type Cell, moved, type NodeGroup, nodeGroups, type Spot } from "./heat_map.ts";

const { machine } = english.endpoint;
const TONES = ["idle", "given", "age0", "age1", "age2", "age3"] as const;
/** Seconds after which tones may be others though nothing was told. */
const RETONE = 15;
/** Cells side by side; the style sheet has the same. */
const COLUMNS = 16;

export function MachineView(
  { details, isOwn }: { readonly details: EndpointStatus | null; readonly isOwn: boolean },
): ComponentChildren {
  return (
    <section class="card" aria-labelledby="endpoint-machine">
      <header>
        <h2 id="endpoint-machine">{machine.title}</h2>
        {details?.nodes?.some(({ slots }) => slots.length > 0) && <Legend />}
      </header>
      {details?.nodes === undefined
        ? <p class="muted">{isOwn ? machine.none : machine.ownersOnly}</p>
        : details.nodes.length === 0
        ? <p class="muted">{machine.noNodes}</p>
        : <HeatMap details={details} />}
    </section>
  );
}

function HeatMap({ details }: { readonly details: EndpointStatus }): ComponentChildren {
  const time = Math.floor(now.value / RETONE) * RETONE;
  const groups = useMemo(() => nodeGroups(details, Math.max(time, now.peek())), [details, time]);
  const spot = useSignal<Spot | undefined>(undefined);
  const place = useRef<HTMLDivElement>(null);
  const { route } = useLocation();
  const hasCells = groups.some(({ cells }) => cells.length > 0);
  const open = (at: Spot | undefined): void => {
    const taskId = at && groups[at.node]?.cells[at.slot]?.taskId;
    if (taskId !== undefined) route(`/tasks/${taskId}`);
  };
  const onKeyDown = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.key === "Enter") return open(spot.value);
    const first = groups.findIndex(({ cells }) => cells.length > 0);
    const next = spot.value === undefined
      ? event.key.startsWith("Arrow") && first !== -1 ? { node: first, slot: 0 } : undefined
      : moved(groups, spot.value, event.key, COLUMNS);
    if (next === undefined) return;
    event.preventDefault();
    spot.value = next;
    place.current?.children[next.node]?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      {hasCells
        ? <Told groups={groups} spot={spot} />
        : <p class="told muted">{machine.omitted}</p>}
      <div
        class="heat-map"
        ref={place}
        role={hasCells ? "application" : "group"}
        aria-label={machine.label}
        tabIndex={0}
        onPointerOver={(event) => spot.value = spotOf(event.target) ?? spot.value}
        onClick={(event) => open(spotOf(event.target))}
        onKeyDown={onKeyDown}
      >
        {groups.map((group, index) => (
          <Node
            key={group.id}
            group={group}
            index={index}
            chosen={spot.value?.node === index ? spot.value.slot : undefined}
          />
        ))}
      </div>
      {details.managers > groups.length && (
        <p class="muted small">
          {machine.more(countText(groups.length), countText(details.managers))}
        </p>
      )}
    </>
  );
}

interface NodeProps {
  readonly group: NodeGroup;
  readonly index: number;
  /** The slot that the reader looks at. */
  readonly chosen: number | undefined;
}

const Node = memo(
  ({ group, index, chosen }: NodeProps): JSX.Element => (
    <div class={`node ${group.state}`}>
      <div class="node-head">
        <strong class="cut" dir="auto" title={group.hostname}>{group.hostname}</strong>
        <span class="muted small number">
          {machine.busyOf(countText(group.busy), countText(group.workers))}
        </span>
      </div>
      <p class="muted small cut" title={partsOf(group)}>{partsOf(group)}</p>
      {group.cells.length === 0 ? <Load group={group} /> : (
        <div class="cells" aria-hidden="true">
          {group.cells.map(({ tone, taskId }, slot) => (
            <i
              key={slot}
              class={cellClass(tone, taskId !== undefined, slot === chosen)}
              data-spot={`${index} ${slot}`}
            />
          ))}
        </div>
      )}
    </div>
  ),
  (before, after) =>
    before.group.key === after.group.key && before.chosen === after.chosen &&
    before.index === after.index,
);

function cellClass(tone: string, hasTask: boolean, isChosen: boolean): string {
  return `cell ${tone}${hasTask ? " task" : ""}${isChosen ? " chosen" : ""}`;
}

/** In place of cells: how much of the node is busy. */
function Load({ group }: { readonly group: NodeGroup }): ComponentChildren {
  return (
    <meter
      min={0}
      max={Math.max(1, group.workers)}
      value={group.busy}
      aria-label={`${group.hostname}: ${
        machine.busyOf(countText(group.busy), countText(group.workers))
      }`}
    />
  );
}

function partsOf({ state, job, cores, accelerators }: NodeGroup): string {
  return [
    machine.states[state],
    job === undefined ? machine.own : machine.block(job),
    cores === undefined ? "" : machine.cores(countText(cores)),
    ...accelerators,
  ].filter((part) => part !== "").join(" · ");
}

/** What the worker does at which the reader looks. */
function Told(
  { groups, spot }: {
    readonly groups: readonly NodeGroup[];
    readonly spot: Signal<Spot | undefined>;
  },
): ComponentChildren {
  const at = spot.value;
  const group = at && groups[at.node];
  const cell = at && group?.cells[at.slot];
  return (
    <p class="told" role="status">
      {cell === undefined ? <span class="muted">{machine.pick}</span> : (
        <>
          <strong dir="auto">{machine.slot(group!.hostname, at!.slot + 1)}</strong>
          <CellText cell={cell} />
        </>
      )}
    </p>
  );
}

function CellText({ cell }: { readonly cell: Cell }): ComponentChildren {
  const { taskId, functionId, since } = cell;
  if (taskId === undefined) return <span>{machine.idle}</span>;
  return (
    <>
      {functionId !== undefined && <FunctionName functionId={functionId} />}
      <a class="mono" href={`/tasks/${taskId}`} title={taskId}>{shortId(taskId)}</a>
      <span>
        {since === undefined ? machine.given : machine.runs(ageText(now.value - since))}
      </span>
    </>
  );
}

function Legend(): ComponentChildren {
  return (
    <ul class="heat-legend small">
      {TONES.map((tone) => (
        <li key={tone}>
          <i class={`cell ${tone}`} aria-hidden="true" /> {machine.legend[tone]}
        </li>
      ))}
      <li>
        <i class="cell off" aria-hidden="true" /> {machine.legend.away}
      </li>
    </ul>
  );
}

function spotOf(target: EventTarget | null): Spot | undefined {
  const text = target instanceof HTMLElement ? target.dataset.spot : undefined;
  if (text === undefined) return undefined;
  const [node = 0, slot = 0] = text.split(" ").map(Number);
  return { node, slot };
}
