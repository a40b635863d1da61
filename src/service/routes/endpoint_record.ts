/** An endpoint as the API shows it, to its owner and to others. */
import type { EndpointRecord } from "../../contract/api.ts";
import type { EndpointId, UserId } from "../../contract/ids.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { siteOf } from "../directory/site.ts";
import type { ServiceParts } from "../parts.ts";
import type { StoredEndpoint } from "../store/store.ts";
import { mutable, seconds } from "./shapes.ts";

/** The metadata holds the endpoint's configuration, which is its owner's to know. */
export function endpointRecord(
  parts: ServiceParts,
  row: StoredEndpoint,
  viewer: UserId,
): EndpointRecord {
  const { hub, history, now } = parts;
  const isOnline = hub.isOnline(row.endpointId);
  const lastSeen = hub.heardAt(row.endpointId) ?? row.lastSeen;
  return {
    uuid: row.endpointId,
    name: row.name,
    display_name: row.displayName,
    description: row.description,
    owner: row.owner,
    public: row.public,
    status: isOnline ? "online" : "offline",
    last_seen: lastSeen === null ? null : seconds(lastSeen),
    hostname: row.hostname,
    site: siteOf(row.metadata?.site, row.hostname),
    endpoint_version: row.softwareVersion,
    runtimes: [...row.runtimes],
    metadata: row.owner === viewer ? mutable(row.metadata) : null,
    allowed_functions: row.allowedFunctions === null ? null : [...row.allowedFunctions],
    details: shownStatus(parts, row, viewer),
    queued_tasks: row.queuedTasks,
    tasks_per_minute: history.rates.perMinute(row.endpointId, now()),
    created_at: seconds(row.createdAt),
  };
}

/** As {@link endpointRecord}, without pictures of machines: each may be as large as a whole list. */
export function listedEndpoint(
  parts: ServiceParts,
  row: StoredEndpoint,
  viewer: UserId,
): EndpointRecord {
  const record = endpointRecord(parts, row, viewer);
  return { ...record, details: record.details === null ? null : inBrief(record.details) };
}

/** As of its last heartbeat; which tasks run where on its machine is its owner's to know. */
export function shownStatus(
  { hub }: ServiceParts,
  { endpointId, owner }: { readonly endpointId: EndpointId; readonly owner: UserId },
  viewer: UserId,
): EndpointStatus | null {
  const status = hub.status(endpointId);
  if (status === undefined) return null;
  return owner === viewer ? status : withoutPicture(status);
}

/** Of the picture only what its blocks come to. */
function inBrief(status: EndpointStatus): EndpointStatus {
  const blocks = status.blocks?.filter(({ state }) => state !== "ended").map((block) => ({
    ...block,
    nodes: typeof block.nodes === "number" ? block.nodes : block.nodes.length,
    reason: "",
  }));
  return { ...withoutPicture(status), ...(blocks === undefined ? {} : { blocks }) };
}

function withoutPicture(status: EndpointStatus): EndpointStatus {
  const { blocks: _blocks, nodes: _nodes, slots_omitted: _omitted, ...rest } = status;
  return rest;
}
