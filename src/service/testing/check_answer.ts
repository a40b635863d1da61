/** Holds answers of the service against the contract: what a client will do with them. */
import * as v from "valibot";
import { ErrorBodySchema, type Route, ROUTES } from "../../contract/api.ts";

/** Throws when the body of an answer is not what its route promises. */
export function checkAnswer(method: string, path: string, status: number, body: unknown): void {
  if (status >= 400) {
    v.parse(v.strictObject(ErrorBodySchema.entries), body);
    return;
  }
  const route = routeOf(method, path.split("?")[0]!);
  if (route === undefined) throw new Error(`${method} ${path} answered ${status}`);
  v.parse(route.answer, body);
}

function routeOf(method: string, path: string): Route | undefined {
  return Object.values<Route>(ROUTES).find((route) =>
    route.method === method &&
    new RegExp(`^${route.path.replace(/:\w+/g, "[^/]+")}$`).test(path)
  );
}
