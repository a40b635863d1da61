/**
 * The first frame of each side, judged. Pure: no socket, no clock, no token; used by both ends of
 * every link, so that they cannot differ on what is accepted.
 */
import { fatal, ok, type Outcome, retryable } from "../../lib/outcome.ts";
import type { Decoded } from "./codec.ts";
import type { EndpointMessage, Hello, Reject, ServiceMessage, Welcome } from "./messages.ts";
import { MINIMUM_PROTOCOL_VERSION, PROTOCOL_VERSION } from "./version.ts";

/** A refusal with the versions of this program, for the peer to show and perhaps to step down. */
export function reject(
  code: string,
  message: string,
  options: { readonly hint?: string; readonly retryable?: boolean } = {},
): Reject {
  return {
    type: "reject",
    code,
    message,
    ...(options.hint === undefined ? {} : { hint: options.hint }),
    retryable: options.retryable ?? false,
    protocol_version: PROTOCOL_VERSION,
  };
}

/**
 * The listener's side: the first frame has to be a hello of the endpoint that the token belongs to,
 * in a version that is spoken here. The answer to a failure is the reject in it; close after it.
 */
export function checkHello(
  frame: Decoded<EndpointMessage>,
  endpointId: string,
): Outcome<Hello, Reject> {
  if (frame.kind === "violation") {
    return fatal(reject("PROTOCOL_VIOLATION", `the first frame is not a hello: ${frame.reason}`));
  }
  const hello = frame.message;
  if (hello.type !== "hello") {
    return fatal(reject("PROTOCOL_VIOLATION", `expected hello first, found ${hello.type}`));
  }
  const refused = refuseVersion(hello.protocol_version);
  if (refused !== undefined) return fatal(refused);
  if (hello.endpoint_id !== endpointId) {
    return fatal(
      reject(
        "ENDPOINT_NOT_FOUND",
        `the token serves endpoint ${endpointId}, not ${hello.endpoint_id}`,
        { hint: "Start the endpoint again, it registers anew." },
      ),
    );
  }
  return ok(hello);
}

function refuseVersion(offered: number): Reject | undefined {
  if (offered > PROTOCOL_VERSION) {
    return reject(
      "PROTOCOL_VERSION_UNSUPPORTED",
      `the endpoint speaks version ${offered} of the forwarder protocol, ` +
        `the service speaks ${versionsSpoken()}`,
      { hint: "Update the service, or run an older funcx-endpoint." },
    );
  }
  if (offered < MINIMUM_PROTOCOL_VERSION) {
    return reject(
      "PROTOCOL_VERSION_UNSUPPORTED",
      `the endpoint speaks version ${offered} of the forwarder protocol, ` +
        `the service speaks ${versionsSpoken()}`,
      { hint: "Update funcx-endpoint on the endpoint's machine." },
    );
  }
  return undefined;
}

function versionsSpoken(): string {
  return MINIMUM_PROTOCOL_VERSION === PROTOCOL_VERSION
    ? `version ${PROTOCOL_VERSION}`
    : `versions ${MINIMUM_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}`;
}

/**
 * The dialler's side: the first frame has to be a welcome in the version that was offered. A reject
 * is `retryable` or `fatal` as the listener said; anything else is `retryable`, since the fault lies
 * with a peer that may be replaced at any moment.
 */
export function checkWelcome(
  frame: Decoded<ServiceMessage>,
  offered: number,
): Outcome<Welcome, Reject> {
  if (frame.kind === "violation") {
    return retryable(
      reject("PROTOCOL_VIOLATION", `the service's first frame is wrong: ${frame.reason}`),
    );
  }
  const answer = frame.message;
  if (answer.type === "reject") return answer.retryable ? retryable(answer) : fatal(answer);
  if (answer.type !== "welcome") {
    return retryable(
      reject("PROTOCOL_VIOLATION", `expected welcome or reject first, found ${answer.type}`),
    );
  }
  if (answer.protocol_version !== offered) {
    return retryable(
      reject(
        "PROTOCOL_VIOLATION",
        `version ${offered} was offered, the welcome is in version ${answer.protocol_version}`,
      ),
    );
  }
  return ok(answer);
}

/**
 * The version to offer after `answer` refused `offered`: the listener's own, when it is older and
 * still spoken here; undefined when there is none.
 */
export function stepDown(answer: Reject, offered: number): number | undefined {
  const theirs = answer.protocol_version;
  if (answer.code !== "PROTOCOL_VERSION_UNSUPPORTED" || theirs === undefined) return undefined;
  return theirs < offered && theirs >= MINIMUM_PROTOCOL_VERSION ? theirs : undefined;
}
