/** What an endpoint may send to the service, and what it never would: frames before and after the hello. */
import fc from "fast-check";
import type { EndpointRegistration } from "../../../src/contract/api.ts";
import { MAX_FRAME_BYTES } from "../../../src/contract/limits.ts";
import { encode, encodeMessage } from "../../../src/contract/protocol/codec.ts";
import {
  EndpointMessageSchema,
  ServiceMessageSchema,
} from "../../../src/contract/protocol/messages.ts";
import { valuesOf } from "../../../src/contract/testing/schema_values.ts";
import { assertTrue } from "../../../src/lib/assert.ts";
import { FakeEndpoint } from "../../helpers/fake_endpoint.ts";
import { check, type Target } from "../check.ts";
import { framesOf, helloOf, RawLink, type Sending } from "../raw_link.ts";

const INSTANCE = "1e999502-b434-49a2-a2e0-d925383d2dd4";

interface Input {
  readonly greets: boolean;
  readonly sendings: readonly Sending[];
}

const messages = fc.oneof(
  { weight: 4, arbitrary: valuesOf(EndpointMessageSchema) },
  valuesOf(ServiceMessageSchema),
);
const inputs: fc.Arbitrary<Input> = fc.record({
  greets: fc.boolean(),
  sendings: fc.array(framesOf(messages), { minLength: 1, maxLength: 6 }),
});

async function tryLink(registration: EndpointRegistration, input: Input): Promise<void> {
  using link = await RawLink.dial(registration.forwarder_url, registration.endpoint_token);
  if (input.greets) {
    // Of the same instance as the link before, so that it takes its place.
    link.frame(encodeMessage(helloOf(registration.endpoint_id, INSTANCE)));
    await link.heard();
  }
  for (const sending of input.sendings) link.send(sending);
  await link.sent();
}

export const endpointLink: Target = {
  name: "endpoint-link",
  what: "an endpoint that sends the service anything: frames, text, fragments, floods, cuts",
  run: async ({ service }, options) => {
    const registration = await service.registerEndpoint("fuzzing");
    await check(
      "endpoint-link",
      options,
      fc.asyncProperty(inputs, (input) => tryLink(registration, input)),
    );
    await refusesOversize(registration);
    await refusesOtherProtocols(registration);
    using sound = await FakeEndpoint.dial(registration);
    sound.send(encodeMessage(helloOf(registration.endpoint_id, INSTANCE)));
    await sound.next("welcome");
  },
};

async function refusesOversize(registration: EndpointRegistration): Promise<void> {
  using endpoint = await FakeEndpoint.dial(registration);
  endpoint.send(new Uint8Array(MAX_FRAME_BYTES + 1));
  assertTrue(await endpoint.closed() !== 1000, "an oversize frame was taken");
  using flood = await FakeEndpoint.dial(registration);
  flood.send(encodeMessage(helloOf(registration.endpoint_id, INSTANCE)));
  await flood.next("welcome");
  const frame = encode({ type: "task_ack", task_ids: [crypto.randomUUID()] });
  for (let count = 0; count < 20_000; count++) flood.send(frame);
}

async function refusesOtherProtocols(registration: EndpointRegistration): Promise<void> {
  for (const protocol of ["funcx.v2", "", "chat, superchat"]) {
    const answer = await fetch(registration.forwarder_url.replace(/^ws/, "http"), {
      headers: {
        authorization: `Bearer ${registration.endpoint_token}`,
        upgrade: "websocket",
        "sec-websocket-protocol": protocol,
      },
    });
    const { code } = await answer.json();
    assertTrue(["PROTOCOL_VERSION_UNSUPPORTED", "REQUEST_MALFORMED"].includes(code), code);
  }
}
