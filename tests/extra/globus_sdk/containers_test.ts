/** What the older SDKs, which register containers, are told. */
import { assertEquals, assertMatch } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest } from "../../helpers/globus_sdk.ts";

const CONTAINERS_PY = `
import uuid
from local import client, show
from globus_compute_sdk.sdk.container_spec import ContainerSpec
from globus_sdk import GlobusAPIError

with_sdk = client()
image, some = "docker.io/library/python:3.11", str(uuid.uuid4())
refusals = []
for refused in (
    lambda: with_sdk.register_container(image, "docker"),
    lambda: with_sdk.get_container(some, "docker"),
    lambda: with_sdk.build_container(ContainerSpec(name="mine", pip=["numpy"])),
    lambda: with_sdk.get_container_build_status(some),
):
    try:
        refused()
    except GlobusAPIError as error:
        refusals.append([error.http_status, error.code, str(error.raw_json["hint"])])
show(refusals)
`;

/** The first and the last of the tested versions that have these methods. */
for (const version of ["2.31.0", "3.16.1"]) {
  const sdk = await globusSdk(version);
  globusTest("containers are refused with what to do instead", sdk, async (stage) => {
    const refusals = await stage.value<[number, string, string][]>(CONTAINERS_PY);
    assertEquals(refusals.length, 4);
    for (const [status, code, hint] of refusals) {
      assertEquals([status, code], [422, "CONTAINERS_NOT_KEPT"]);
      assertMatch(hint, /function register FILE --container IMAGE/);
    }
  });
}
