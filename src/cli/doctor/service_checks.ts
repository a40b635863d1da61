/** The service that the endpoint connects to: whether it is there, and what time it has. */
import { FuncxError } from "../../contract/errors.ts";
import type { Login, ServiceState } from "../../contract/home.ts";
import { REQUEST_TIMEOUT } from "../../contract/limits.ts";
import { verifyService } from "../../contract/service_proof.ts";
import { untrustedFailure } from "../../contract/untrusted.ts";
import { fetchTrusting } from "../../lib/trusting_fetch.ts";
import { messageOf } from "../../lib/outcome.ts";
import { readLogin } from "../connection.ts";
import { duration } from "../format.ts";
import { serviceStanding } from "../local_service.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";

export async function* serviceChecks(patient: Patient): AsyncGenerator<Check> {
  const { context: { home }, profile } = patient;
  let login: Login;
  try {
    login = readLogin(home);
  } catch (thrown) {
    if (!(thrown instanceof FuncxError)) throw thrown;
    yield failed("login", thrown.message, thrown.hint ?? "Log in again.");
    return;
  }
  const url = profile?.service ?? login.current;
  if (url === null) {
    yield fine("service", "none is configured: `start` brings up a private one");
    return;
  }
  const known = login.services[url];
  if (known?.proof_key !== undefined) yield* privateChecks(patient);
  else yield* remoteChecks({ url, ca: known?.ca }, known !== undefined);
}

/** It may have moved to another port since `login.json` was written; the state file knows. */
async function* privateChecks({ context: { home } }: Patient): AsyncGenerator<Check> {
  const standing = serviceStanding(home);
  if (standing.kind === "none") {
    yield fine("service", "your private service does not run; `start` starts it");
    return;
  }
  if (standing.kind === "elsewhere") {
    const { hostname } = standing.state;
    yield warning(
      "service",
      `your private service runs on ${hostname}`,
      `Work on ${hostname}, or stop it there with \`funcx-endpoint service stop\`.`,
    );
    return;
  }
  const proof = await verifyService(standing.state);
  if (proof.kind !== "ok") {
    const { message, hint } = proof.failure;
    yield failed("service", message, hint ?? "Restart it with `funcx-endpoint service stop`.");
    return;
  }
  yield* answerChecks(standing.state, "your private service");
}

type Asked = Pick<ServiceState, "url" | "ca">;

async function* remoteChecks(service: Asked, hasToken: boolean): AsyncGenerator<Check> {
  const { url } = service;
  if (!hasToken) {
    yield failed("login", `there is no token for ${url}`, `Run \`funcx-endpoint login ${url}\`.`);
  }
  if (isUnprotected(url)) {
    yield warning(
      "service",
      `${url} is not encrypted: others on the way can read tokens and tasks`,
      "Use its https address.",
    );
  }
  yield* answerChecks(service, "the service");
}

function isUnprotected(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}

async function* answerChecks({ url, ca }: Asked, what: string): AsyncGenerator<Check> {
  const asked = Date.now();
  let now: unknown;
  try {
    const response = await fetchTrusting(ca)(`${url}/v3/health`, {
      redirect: "error",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`it answered with status ${response.status}`);
    now = (JSON.parse(body) as { now?: unknown }).now;
  } catch (thrown) {
    const untrusted = untrustedFailure(url, thrown);
    if (untrusted?.hint !== undefined) {
      yield failed("service", untrusted.message, untrusted.hint);
      return;
    }
    yield failed(
      "service",
      `${what} does not answer at ${url}: ${messageOf(thrown)}`,
      "Check its address, the network and the proxy variables; see `funcx-endpoint service status`.",
    );
    return;
  }
  const answered = Date.now();
  yield fine("service", `${what} answers at ${url} in ${answered - asked} ms`);
  if (typeof now === "number") yield clockCheck(asked, now, answered);
}

/** Milliseconds; timelines are put together from both clocks. */
const LARGEST_OFFSET = 2_000;

function clockCheck(asked: number, theirs: number, answered: number): Check {
  // Any moment between asking and the answer may be when the service looked at its clock.
  const offset = theirs < asked ? asked - theirs : theirs > answered ? answered - theirs : 0;
  const size = duration(Math.abs(offset));
  if (Math.abs(offset) <= LARGEST_OFFSET) {
    return fine("clock", offset === 0 ? "agrees with the service's" : `${size} off the service's`);
  }
  return warning(
    "clock",
    `this machine's is ${size} ${offset > 0 ? "ahead of" : "behind"} the service's`,
    "Have both set by NTP; until then the times of tasks do not fit together.",
  );
}
