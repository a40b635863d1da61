import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { findMount, isShared, mountOf, parseMounts } from "./mounts.ts";

/** As proc(5) has it, from a login node; optional fields stand before the dash or not. */
const TEXT = `22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
28 1 253:0 / / rw,relatime shared:1 - xfs /dev/mapper/rhel-root rw,seclabel
41 28 0:36 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw
57 28 0:49 /home /home rw,relatime shared:30 master:2 - nfs4 nas:/home rw,vers=4.2
63 28 0:52 / /scratch\\040space rw - lustre 10.0.0.1@o2ib:/scratch rw
64 57 0:53 / /home/ada rw - autofs auto.home rw
65 64 0:54 / /home/ada rw - nfs nas:/ada rw
broken line
`;

const mounts = parseMounts(TEXT);

function typeOf(path: string): string | undefined {
  return findMount(mounts, path)?.type;
}

Deno.test("a path is on the deepest mount that holds it, of several the last", () => {
  assertEquals(typeOf("/"), "xfs");
  assertEquals(typeOf("/home"), "nfs4");
  assertEquals(typeOf("/home/grace/.funcx"), "nfs4");
  assertEquals(typeOf("/home/ada/.funcx"), "nfs");
  assertEquals(typeOf("/homes/ada"), "xfs");
  assertEquals(typeOf("/scratch space/ada"), "lustre");
});

Deno.test("options tell whether programs can be run", () => {
  assertTrue(findMount(mounts, "/tmp/x")?.options.includes("noexec"));
  assertTrue(!findMount(mounts, "/home/x")?.options.includes("noexec"));
});

Deno.test("file systems that several machines share are known", () => {
  const shared = mounts.filter(isShared).map(({ type }) => type);
  assertEquals(shared, ["nfs4", "lustre", "nfs"]);
});

Deno.test("this machine has a mount for its root", () => {
  if (Deno.build.os === "linux") assertEquals(mountOf("/")?.point, "/");
});
