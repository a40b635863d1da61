/** Where file systems are mounted, and how. */
import { readIfPresent } from "../../lib/files.ts";

export interface Mount {
  readonly point: string;
  /** As the kernel names it: `ext4`, `nfs4`, `lustre`, `gpfs`, … */
  readonly type: string;
  readonly options: readonly string[];
}

/** The mount that holds an absolute path without links; undefined where that cannot be told. */
export function mountOf(path: string): Mount | undefined {
  const text = readIfPresent("/proc/self/mountinfo");
  return text === undefined ? undefined : findMount(parseMounts(text), path);
}

/** @param text of `/proc/PID/mountinfo`; see proc(5). Lines of another form are left out. */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [left, right] = line.split(" - ");
    const [, , , , point, options] = left.split(" ");
    const [type] = right?.split(" ") ?? [];
    if (options === undefined || type === undefined) return [];
    return [{ point: unescape(point), type, options: options.split(",") }];
  });
}

/** Of several at one point the last is seen. */
export function findMount(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter(({ point }) => path === point || path.startsWith(point === "/" ? "/" : `${point}/`))
    .reduce<Mount | undefined>(
      (deepest, mount) =>
        deepest === undefined || mount.point.length >= deepest.point.length ? mount : deepest,
      undefined,
    );
}

/** Blanks and backslashes are written as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}

/** Whether several machines may see the file system, so that locks and small writes are slow. */
export function isShared({ type }: Mount): boolean {
  return SHARED.test(type);
}

const SHARED =
  /^(nfs\d?|lustre|gpfs|mmfs|beegfs|ceph|afs|cifs|smb3?|panfs|pvfs2|orangefs|wekafs|glusterfs|9p|fuse\..*)$/;
