/** Whatever was thrown, as something that can be shown. */
import { FuncxError } from "../../contract/errors.ts";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof FuncxError) return thrown;
  // A bug of the page: the console has the stack.
  console.error(thrown);
  return {
    code: "PAGE_FAILED",
    message: thrown instanceof Error ? thrown.message : String(thrown),
    hint: "reload the page; the browser's console says more",
  };
}

/**
 * Whether it says that an endpoint is there no more, or not the viewer's to use. Others, such as that
 * the service does not answer, say nothing of the endpoint.
 */
export function tellsOfNoEndpoint({ code }: Failure): boolean {
  return code === "ENDPOINT_NOT_FOUND" || code === "ENDPOINT_ACCESS_FORBIDDEN";
}

/** The same of a function. */
export function tellsOfNoFunction({ code }: Failure): boolean {
  return code === "FUNCTION_NOT_FOUND" || code === "FUNCTION_ACCESS_FORBIDDEN";
}
