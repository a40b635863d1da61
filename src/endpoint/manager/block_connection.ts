/** Reading the file by which a manager finds its agent. */
import * as v from "valibot";
import { FuncxError } from "../../contract/errors.ts";
import {
  type ManagerConnection,
  ManagerConnectionSchema,
} from "../../contract/manager_connection.ts";
import { messageOf } from "../../lib/outcome.ts";

/** Throws `INPUT_INVALID`. */
export function readConnection(path: string): ManagerConnection {
  try {
    return v.parse(ManagerConnectionSchema, JSON.parse(Deno.readTextFileSync(path)));
  } catch (cause) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be used: ${messageOf(cause)}`,
      hint: "The agent writes it; the block's folder has to be on a disk that the nodes share.",
    }, { cause });
  }
}
