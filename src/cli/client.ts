/** The client of the service that the user chose. */
import { Client, type ClientOptions } from "../client/client.ts";
import { chosenService, type ServiceAddress } from "./connection.ts";
import type { CliContext } from "./context.ts";

/** Throws as {@link chosenService} does. */
export async function connect(
  context: CliContext,
  options: Pick<ClientOptions, "onUpload"> = {},
): Promise<Client> {
  let chosen: ServiceAddress | undefined = await chosenService(context);
  return new Client({
    ...options,
    url: chosen.url,
    fetch: chosen.fetch,
    // Asked again after a lost connection: another process may have the port by then.
    token: async () => {
      const { token } = chosen ?? await chosenService(context);
      chosen = undefined;
      return token;
    },
  });
}
