/** How managers on the nodes of a cluster reach the agent, and why that way. */
import {
  type AddressChoice,
  chooseAddress,
  type ConsideredAddress,
} from "../../endpoint/managers/addresses.ts";
import type { LinkAddress } from "../../profile/manager_link.ts";
import { readLogin } from "../connection.ts";
import { serviceStanding } from "../local_service.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";

/** Nothing where no scheduler is asked for nodes. */
export function* managerChecks(patient: Patient): Generator<Check> {
  const { profile } = patient;
  if (profile === undefined || profile.executor.provider.type === "local") return;
  const { address } = profile.executor.link;
  const choice = chooseAddress(address, Deno.networkInterfaces());
  yield addressCheck(address, choice, serviceUrl(patient));
}

/** @param url of the service, null when there is none yet; pure */
export function addressCheck(
  wanted: LinkAddress,
  choice: AddressChoice,
  url: string | null,
): Check {
  if (choice.kind === "none") {
    return failed(
      "managers",
      `managers cannot reach this machine: ${choice.reason}${listed(choice.considered)}`,
      'Write an address or interface of this machine as executor.address, or "service" where ' +
        "nodes reach the service instead.",
    );
  }
  if (choice.route === "service") return serviceCheck(url);
  const [best, ...others] = choice.addresses;
  const also = others.length === 0 ? "" : `, then ${others.join(", ")}`;
  const rest = choice.considered.filter(({ address }) => !choice.addresses.includes(address));
  const why = wanted.kind === "auto" ? `${choice.reason}${also}` : `${best}: ${choice.reason}`;
  return fine("managers", `they dial ${why}${listed(rest)}`);
}

function listed(considered: readonly ConsideredAddress[]): string {
  if (considered.length === 0) return "";
  const each = considered.map(({ address, name, reason }) => `${address} of ${name} (${reason})`);
  return `; not ${each.join(", ")}`;
}

function serviceCheck(url: string | null): Check {
  const why = 'since the profile\'s executor.address is "service"';
  if (url === null) return fine("managers", `they dial the service, ${why}`);
  const { hostname } = new URL(url);
  if (!/^(localhost|127\..*|\[::1\])$/.test(hostname)) {
    return fine("managers", `they dial the service at ${url}, ${why}`);
  }
  return warning(
    "managers",
    `they dial the service at ${url}, ${why}; from other nodes that leads nowhere`,
    "Start the service with --listen and TLS where nodes reach it, or use one that they do.",
  );
}

/** The one that the endpoint is at, or will be. */
function serviceUrl({ context: { home }, profile }: Patient): string | null {
  let login: ReturnType<typeof readLogin> | undefined;
  try {
    login = readLogin(home);
  } catch {
    // That is a check of its own.
  }
  const url = profile?.service ?? login?.current ?? null;
  if (url === null || login?.services[url]?.proof_key === undefined) return url;
  const standing = serviceStanding(home);
  return standing.kind === "none" ? url : standing.state.url;
}
