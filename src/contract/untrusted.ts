/** What is said of a service whose certificate is not accepted. Pure, and for browsers too. */
import { causeOf, type Failure } from "../lib/outcome.ts";

/** As `fetch` words it, `UnknownIssuer` or `Other(OtherError(CaUsedAsEndEntity))`. */
const REFUSED = /invalid peer certificate: (?:Other\(OtherError\()?(\w+)/;
/** As Node's TLS does, which WebSockets use, with the name that `fetch` has for it. */
const NODE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/self-signed certificate|unable to (?:get|verify) .*certificate/, "UnknownIssuer"],
  [/certificate has expired/, "Expired"],
  [/certificate is not yet valid/, "NotValidYet"],
  [/match certificate's altnames/, "NotValidForName"],
];

/**
 * @param mend how to make an authority known that this machine does not know
 * @param url of the service, as it was dialled
 * @param thrown by whoever dialled; undefined comes back when that is something else
 */
export function untrustedFailure(
  url: string,
  thrown: unknown,
  mend = "name it once: `funcx-endpoint login URL --ca FILE`.",
): Failure | undefined {
  const reason = causeOf(thrown);
  const kind = REFUSED.exec(reason)?.[1] ??
    NODE_WORDS.find(([words]) => words.test(reason))?.[1];
  if (kind === undefined) return undefined;
  const [why, hint] = kind === "UnknownIssuer"
    ? [UNKNOWN, `Get that authority's certificate from whoever runs the service, and ${mend}`]
    : WORDS[kind] ?? [kind, "See the certificate with `openssl s_client`."];
  return {
    code: "SERVICE_NOT_TRUSTED",
    message: `the certificate of ${url} is not accepted: ${why}`,
    hint,
  };
}

const UNKNOWN = "this machine does not know the authority that signed it";
const RENEW = "Whoever runs the service has to give it another certificate.";

/** By the library's name: what is wrong, and how to mend it. */
const WORDS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  CaUsedAsEndEntity: ["it is that of an authority itself, not one that it signed", RENEW],
  Expired: ["it has expired", `${RENEW} If it is a new one, look at this machine's clock.`],
  ExpiredContext: ["it has expired", `${RENEW} If it is a new one, look at this machine's clock.`],
  NotValidYet: ["it is not valid yet", "Look at the clock of this machine."],
  NotValidForName: ["it is for another name", `Use the name that it is for. Else: ${RENEW}`],
  NotValidForNameContext: ["it is for another name", `Use the name that it is for. Else: ${RENEW}`],
};
