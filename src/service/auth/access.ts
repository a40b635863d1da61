/**
 * Who may see and use what. A thing that somebody may not see answers exactly as one that does not
 * exist, so that ids cannot be probed; 403 is only for what the caller can see and still may not do.
 */
import { type ErrorCode, FuncxError } from "../../contract/errors.ts";
import type { UserId } from "../../contract/ids.ts";

/** A function or an endpoint: its owner's own, or everybody's to use. */
export interface Shareable {
  readonly owner: UserId;
  readonly public: boolean;
}

/** The kinds of things that are looked up by id, with the codes that refuse them. */
const REFUSALS = {
  function: { unknown: "FUNCTION_NOT_FOUND", forbidden: "FUNCTION_ACCESS_FORBIDDEN" },
  endpoint: { unknown: "ENDPOINT_NOT_FOUND", forbidden: "ENDPOINT_ACCESS_FORBIDDEN" },
} as const satisfies Record<string, { unknown: ErrorCode; forbidden: ErrorCode }>;

export type ShareableKind = keyof typeof REFUSALS;

export function isVisible(found: Shareable, user: UserId): boolean {
  return found.public || found.owner === user;
}

/** `found`, when `user` may see and use it; throws the kind's NOT_FOUND for everything else. */
export function requireVisible<T extends Shareable>(
  kind: ShareableKind,
  id: string,
  found: T | undefined,
  user: UserId,
): T {
  if (found !== undefined && isVisible(found, user)) return found;
  throw notFound(kind, id);
}

/** `found`, when `user` owns it; throws NOT_FOUND, or ACCESS_FORBIDDEN for what is public. */
export function requireOwned<T extends Shareable>(
  kind: ShareableKind,
  id: string,
  found: T | undefined,
  user: UserId,
): T {
  const visible = requireVisible(kind, id, found, user);
  if (visible.owner === user) return visible;
  throw new FuncxError({
    code: REFUSALS[kind].forbidden,
    message: `${kind} ${id} belongs to ${visible.owner}`,
    hint: "only its owner may do this",
  });
}

export function notFound(kind: ShareableKind, id: string): FuncxError {
  return new FuncxError({
    code: REFUSALS[kind].unknown,
    message: `there is no ${kind} ${id} that you may use`,
    hint: kind === "function"
      ? "list yours with: funcx-endpoint function list"
      : "check the endpoint's id, or register it by starting it",
  });
}

export function taskNotFound(taskId: string): FuncxError {
  return new FuncxError({
    code: "TASK_NOT_FOUND",
    message: `you have no task ${taskId}`,
    hint: "list yours with: funcx-endpoint task list",
  });
}

export function taskGroupNotFound(taskGroupId: string): FuncxError {
  return new FuncxError({
    code: "TASK_GROUP_NOT_FOUND",
    message: `you have no task group ${taskGroupId}`,
  });
}
