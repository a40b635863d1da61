import { assertEquals, assertMatch } from "../../../lib/assert.ts";
import type { Accelerator } from "../../../profile/profile.d.ts";
import { devicesFor } from "./devices.ts";

const CUDA = "CUDA_VISIBLE_DEVICES";
const ROCR = "ROCR_VISIBLE_DEVICES";
const ZE = "ZE_AFFINITY_MASK";

function found(vendor: Accelerator["vendor"], count: number): Accelerator[] {
  return Array.from({ length: count }, () => ({ vendor, model: "" }));
}

Deno.test("a vendor's devices are told by the variable of its runtime", () => {
  const cases = [["nvidia", CUDA], ["amd", ROCR], ["intel", ZE]] as const;
  for (const [vendor, variable] of cases) {
    const { ids, variables } = devicesFor("auto", found(vendor, 2), {});
    assertEquals([ids, variables], [["0", "1"], [variable]]);
  }
});

Deno.test("where no driver shows a device, all variables are set, or those that the job has", () => {
  assertEquals(devicesFor(2, [], {}), {
    ids: ["0", "1"],
    variables: [CUDA, ROCR, ZE],
    note: null,
  });
  assertEquals(devicesFor("auto", [], {}).ids, []);
  assertEquals(devicesFor("auto", [], { [ROCR]: "2,3" }), {
    ids: ["2", "3"],
    variables: [ROCR],
    note: null,
  });
});

Deno.test("devices are chosen among those that the job was given", () => {
  const four = found("nvidia", 4);
  const given = { [CUDA]: "2, 3" };
  const cases = [
    ["auto", ["2", "3"], null],
    [1, ["2"], null],
    [2, ["2", "3"], null],
    [["3"], ["3"], null],
    [["2,3"], ["2,3"], null],
    [4, ["2", "3"], /is 4 and the job was given 2, 3: workers use 2, 3/],
    [["0", "2"], ["2"], /is 0, 2 and .*: workers use 2$/],
    [["0", "1"], ["2", "3"], /workers use 2, 3$/],
  ] as const;
  for (const [asked, ids, note] of cases) {
    const devices = devicesFor(asked, four, given);
    assertEquals(devices.ids, ids);
    if (note === null) assertEquals(devices.note, null);
    else assertMatch(devices.note ?? "", note);
  }
});

Deno.test("a job that was given no device has none, whatever the node has", () => {
  for (const none of ["", "-1", "NoDevFiles"]) {
    assertEquals(devicesFor("auto", found("nvidia", 4), { [CUDA]: none }).ids, []);
    assertMatch(devicesFor(2, found("nvidia", 4), { [CUDA]: none }).note ?? "", /workers use none/);
  }
});

Deno.test("ids are taken as they are where the job says nothing", () => {
  const ids = ["GPU-8932f937", "0.1", "2,3"];
  assertEquals(devicesFor(ids, found("nvidia", 1), {}).ids, ids);
});
