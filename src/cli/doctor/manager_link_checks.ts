/** Whether the nodes of blocks can reach the agent, and at which address. */
import {
  type AddressChoice,
  chooseAddress,
  type NetworkInterface,
} from "../../endpoint/managers/addresses.ts";
import { type Check, failed, fine, type Patient } from "./check.ts";

const NAME = "manager link";

/** Nothing for an endpoint whose workers run on this machine. @param interfaces replaced in tests */
export function* managerLinkChecks(
  { profile }: Pick<Patient, "profile">,
  interfaces: readonly NetworkInterface[] = Deno.networkInterfaces(),
): Generator<Check> {
  if (profile === undefined || profile.executor.provider.type === "local") return;
  const { link } = profile.executor;
  const choice = chooseAddress(link.address, interfaces);
  if (choice.kind === "none") {
    const mend = "Name an address or an interface that nodes reach in executor.address.";
    yield failed(NAME, `${choice.reason}; found ${foundIn(choice)}`, mend);
    return;
  }
  const ports = link.portRange === null ? "any free port" : `ports ${link.portRange.join(" to ")}`;
  const others = choice.addresses.slice(1);
  const then = others.length === 0 ? "" : `; then ${others.join(", ")}`;
  yield fine(NAME, `nodes dial ${choice.addresses[0]}, ${ports} (${choice.reason})${then}`);
}

function foundIn({ considered }: AddressChoice): string {
  return considered.map(({ address, name, reason }) => `${address} of ${name} (${reason})`)
    .join(", ");
}
