/** What either end of a relayed connection may send to the service, joined or not. */
import fc from "fast-check";
import { pathOf, ROUTES } from "../../../src/contract/api.ts";
import { RELAY_WINDOW_BYTES } from "../../../src/contract/limits.ts";
import { RELAY_SUBPROTOCOL } from "../../../src/contract/protocol/version.ts";
import { dataMessage, relayKey, takenMessage } from "../../../src/contract/relay.ts";
import { spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { check, type Target } from "../check.ts";
import { RawLink, type Sending } from "../raw_link.ts";

const TOKEN = "r".repeat(43);

interface Input {
  readonly isJoined: boolean;
  /** Each with the end that sends it. */
  readonly sendings: readonly { readonly byAgent: boolean; readonly sending: Sending }[];
}

interface Ends {
  agent(): Promise<RawLink>;
  manager(): Promise<RawLink>;
}

const good = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(dataMessage),
  fc.nat(RELAY_WINDOW_BYTES + 1).map((length) => dataMessage(new Uint8Array(length))),
  fc.nat(400).map(takenMessage),
  fc.nat(2 ** 31 - 1).map(takenMessage),
);
const sendings: fc.Arbitrary<Sending> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("binary" as const) },
    fc.constantFrom(...["text", "fragments", "cut", "raw", "ping", "close"] as const),
  ),
  bytes: fc.oneof(
    { weight: 3, arbitrary: good as fc.Arbitrary<Uint8Array> },
    spoiltBytes(good as fc.Arbitrary<Uint8Array>),
    fc.uint8Array({ maxLength: 50 }),
  ),
});
const inputs: fc.Arbitrary<Input> = fc.record({
  isJoined: fc.boolean(),
  sendings: fc.array(fc.record({ byAgent: fc.boolean(), sending: sendings }), {
    minLength: 1,
    maxLength: 8,
  }),
});

async function tryEnds(ends: Ends, input: Input): Promise<void> {
  using agent = await ends.agent();
  using manager = input.isJoined ? await ends.manager() : undefined;
  for (const { byAgent, sending } of input.sendings) (byAgent ? agent : manager)?.send(sending);
  await Promise.all([agent.sent(), manager?.sent()]);
}

/** Bytes of one end come to the other one. */
async function assertPasses(ends: Ends): Promise<void> {
  using agent = await ends.agent();
  using manager = await ends.manager();
  manager.frame(dataMessage(new Uint8Array([1])));
  await agent.heard();
  agent.frame(dataMessage(new Uint8Array([2])));
  await manager.heard();
}

export const relay: Target = {
  name: "relay",
  what: "an agent and a manager that send each other anything by the service",
  run: async ({ service }, options) => {
    const { endpoint_id, endpoint_token } = await service.registerEndpoint("relayed");
    const base = service.url.replace(/^http/, "ws");
    const [place, door] = [ROUTES.relayAgent, ROUTES.relayManager]
      .map((route) => base + pathOf(route, { endpoint_id }));
    const ends: Ends = {
      agent: () =>
        RawLink.dial(`${place}?key=${relayKey(TOKEN)}`, endpoint_token, RELAY_SUBPROTOCOL),
      manager: () => RawLink.dial(door!, TOKEN, RELAY_SUBPROTOCOL),
    };
    await check("relay", options, fc.asyncProperty(inputs, (input) => tryEnds(ends, input)));
    await assertPasses(ends);
  },
};
