import { Client } from "../client/client.ts";
import { FuncxError } from "../contract/errors.ts";
import { connect } from "./client.ts";
import type { CliContext } from "./context.ts";
import { findPrivateService } from "./local_service.ts";

/**
 * A client of the private service, whichever service `login` chose; of FUNCX_SERVICE_URL when that
 * is set. Throws `NOT_RUNNING` when the private service does not run.
 */
export async function connectToPrivateService(context: CliContext): Promise<Client> {
  if ((context.env("FUNCX_SERVICE_URL") ?? "") !== "") return await connect(context);
  const service = await findPrivateService(context.home);
  if (service !== undefined) return new Client(service);
  throw new FuncxError({
    code: "NOT_RUNNING",
    message: "the private service is not running",
    hint: "Start it with `funcx-endpoint service start`.",
  });
}
