/**
 * Identifiers. All are lower-case UUIDs in text, so that they can be stored, logged and compared as
 * strings on both sides of every link.
 */
export type EndpointId = string;
export type FunctionId = string;
export type TaskId = string;
export type TaskGroupId = string;
export type UserId = string;
/** One spool on one disk. A new one at the same endpoint means that the old one's tasks are gone. */
export type SpoolId = string;
/** One service database. */
export type ServiceId = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

export function newId(): string {
  return crypto.randomUUID();
}
