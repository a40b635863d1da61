import type { Route } from "../contract/api.ts";
import { ROUTES } from "../contract/api.ts";
import { assertEquals, assertTrue } from "../lib/assert.ts";
import { openApiDocument } from "./openapi.ts";

type Json = Record<string, unknown>;

/** Every object of the document, with its place. */
function* objects(value: unknown, place = "#"): Generator<readonly [string, Json]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [place, value as Json];
  for (const [key, item] of Object.entries(value)) yield* objects(item, `${place}/${key}`);
}

function resolve(document: Json, reference: string): unknown {
  return reference.slice(2).split("/").reduce<unknown>((at, key) => (at as Json)?.[key], document);
}

// As a client reads it.
const document = JSON.parse(JSON.stringify(openApiDocument())) as Json;
const operations = Object.entries(document.paths as Record<string, Record<string, Json>>)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  );

Deno.test("the document has every route once, with its parameters", () => {
  const documented = operations.map(({ path, method }) => `${method} ${path}`).toSorted();
  const expected = Object.values<Route>(ROUTES)
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
  assertEquals(documented, expected.toSorted());
  const ids = operations.map(({ operation }) => operation.operationId);
  assertEquals(new Set(ids).size, ids.length);
  for (const { path, operation } of operations) {
    const parameters = operation.parameters as { name: string; in: string }[];
    const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => `{${name}}`);
    assertEquals(inPath, path.match(/\{\w+\}/g) ?? []);
  }
});

Deno.test("every reference leads somewhere, and every named schema is used", () => {
  const references = new Set<string>();
  for (const [place, object] of objects(document)) {
    if (typeof object.$ref !== "string") continue;
    references.add(object.$ref);
    assertTrue(resolve(document, object.$ref) !== undefined, `${place}: ${object.$ref}`);
  }
  const schemas = Object.keys((document.components as { schemas: Json }).schemas);
  assertEquals(
    schemas.filter((name) => !references.has(`#/components/schemas/${name}`)),
    [],
  );
});

Deno.test("no body, answer or parameter is described by an empty schema", () => {
  for (const { path, method, operation } of operations) {
    for (const [place, object] of objects(operation, `${method} ${path}`)) {
      if (!("schema" in object)) continue;
      assertTrue(Object.keys(object.schema as Json).length > 0, place);
    }
    const { responses } = operation as { responses: Json };
    assertTrue("default" in responses && Object.keys(responses).length > 1);
  }
});

Deno.test("routes without a token say so, the others name their scope", () => {
  for (const { operation } of operations) {
    const route: Route = ROUTES[operation.operationId as keyof typeof ROUTES];
    assertEquals(operation.security, route.scope === null ? [] : undefined);
    assertEquals(operation["x-scope"], route.scope ?? undefined);
  }
});
