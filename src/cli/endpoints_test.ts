import { FuncxHome } from "../contract/home_folder.ts";
import { assertEquals, assertThrows } from "../lib/assert.ts";
import { join } from "../lib/path.ts";
import { endpointName, endpointNames, existingEndpoint, registration } from "./endpoints.ts";

const ID = "1e999502-b434-49a2-a2e0-d925383d2dd4";

/** A home with the profiles `b`, registered, and `a`, and things that are no profiles. */
function withHome(action: (home: FuncxHome) => void): void {
  const root = Deno.makeTempDirSync();
  try {
    for (const name of ["b", "a", "service", "empty", ".hidden"]) Deno.mkdirSync(join(root, name));
    for (const name of ["b", "a", "service", ".hidden"]) {
      Deno.writeTextFileSync(join(root, name, "config.ts"), "");
    }
    Deno.writeTextFileSync(join(root, "login.json"), "{}");
    Deno.writeTextFileSync(
      join(root, "b", "endpoint.json"),
      JSON.stringify({ endpoint_id: ID, service_url: "http://x", endpoint_token: "secret" }),
    );
    action(new FuncxHome(root));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("endpoints are the folders with a profile, by name", () =>
  withHome((home) => {
    assertEquals(endpointNames(home), ["a", "b"]);
    assertEquals(endpointNames(new FuncxHome(join(home.root, "nowhere"))), []);
  }));

Deno.test("an endpoint is known by its name or its id", () =>
  withHome((home) => {
    assertEquals(endpointName(home), "default");
    assertEquals(endpointName(home, "new"), "new");
    assertEquals(endpointName(home, ID), "b");
    assertEquals(endpointName(home, ID.toUpperCase()), "b");
    assertEquals(existingEndpoint(home, ID), "b");
    assertThrows(() => endpointName(home, ID.replace("1", "2")), /no endpoint .* has the id/);
    assertThrows(() => existingEndpoint(home, "new"), /there is no endpoint "new"/);
  }));

Deno.test("what could leave the folder is no name", () =>
  withHome((home) => {
    for (const name of ["", ".", "..", "../a", "a/b", "-x", ".x", "service", "a b", "x\n"]) {
      assertThrows(() => endpointName(home, name), /cannot be the name of an endpoint/);
    }
  }));

Deno.test("a registration is read without its token, a damaged one counts as none", () =>
  withHome((home) => {
    assertEquals(registration(home, "b"), { endpoint_id: ID, service_url: "http://x" });
    assertEquals(registration(home, "a"), undefined);
    for (const text of ["", "{", "null", "[]", '{"endpoint_id":3,"service_url":"x"}']) {
      Deno.writeTextFileSync(home.registrationFile("a"), text);
      assertEquals(registration(home, "a"), undefined);
    }
  }));
