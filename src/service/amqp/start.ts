/** Puts the broker of a service and what publishes to it together. */
import type { BrokerStatus } from "../../contract/control.ts";
import { FuncxError } from "../../contract/errors.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { TlsFiles } from "../options.ts";
import type { ServiceParts } from "../parts.ts";
import type { Broker } from "./broker.ts";
import { BuiltInBroker } from "./built_in/built_in_broker.ts";
import { type RabbitAddress, shownAddress } from "./rabbitmq/rabbit_address.ts";
import { RabbitBroker } from "./rabbitmq/rabbit_broker.ts";
import { ResultPublisher } from "./result_publisher.ts";

const log = logger("service", "amqp");

/** The service's own server, unless a RabbitMQ is named. */
export type AmqpOptions = BuiltInOptions | { readonly rabbit: RabbitAddress };

export interface BuiltInOptions {
  readonly hostname: string;
  /** Tried in this order; 0 is any free one. */
  readonly ports: readonly number[];
  readonly tls?: TlsFiles;
  /** Host, or host and port, by which peers reach it; its own address where it is left out. */
  readonly publicAddress?: string;
  /** Whether peers speak TLS there with something before this server, which ends it. */
  readonly tlsProxy?: boolean;
}

export interface Amqp {
  readonly broker: Broker;
  readonly publisher: ResultPublisher;
  /** Where the service itself listens. */
  readonly port?: number;
  /** Lets peers in, once the queues are there that they look for. */
  serve(): void;
  status(): BrokerStatus;
}

/** Throws START_FAILED when no port is to be had. */
export function makeAmqp(
  parts: Pick<ServiceParts, "store" | "vault" | "uses" | "proofKey" | "now">,
  options: AmqpOptions,
): Amqp {
  return "rabbit" in options ? rabbitAmqp(parts, options.rabbit) : builtInAmqp(parts, options);
}

type AmqpParts = Parameters<typeof makeAmqp>[0];

function rabbitAmqp(parts: AmqpParts, address: RabbitAddress): Amqp {
  const broker = new RabbitBroker(address, parts);
  return {
    broker,
    publisher: new ResultPublisher({ ...parts, broker }),
    serve: () => {},
    status: () => ({ kind: "rabbitmq", address: shownAddress(address), ...broker.health() }),
  };
}

function builtInAmqp(parts: AmqpParts, options: BuiltInOptions): Amqp {
  const { hostname, tls, publicAddress, tlsProxy } = options;
  const scheme = tls === undefined && !tlsProxy ? "amqp" : "amqps";
  const name = publicAddress ?? (hostname.includes(":") ? `[${hostname}]` : hostname);
  const address = (port: number): string =>
    `${scheme}://${/:\d+$/.test(name) ? name : `${name}:${port}`}`;
  const open = (port: number): BuiltInBroker =>
    new BuiltInBroker({
      ...parts,
      listen: { hostname, port, tls },
      address,
      openGroup: (user, taskGroupId) => publisher.open(user, taskGroupId),
    });
  const broker = openFirst(options, open);
  const publisher = new ResultPublisher({ ...parts, broker });
  const { port } = broker;
  return {
    broker,
    publisher,
    port,
    serve: () => broker.serve(),
    status: () => ({ kind: "built-in", address: address(port), state: "connected" }),
  };
}

function openFirst(
  { hostname, ports }: BuiltInOptions,
  open: (port: number) => BuiltInBroker,
): BuiltInBroker {
  for (const port of ports) {
    try {
      return open(port);
    } catch (thrown) {
      if (thrown instanceof Deno.errors.AddrInUse && port !== ports.at(-1)) {
        log.info("port {port} of {hostname} is in use", { port, hostname });
        continue;
      }
      throw new FuncxError({
        code: "START_FAILED",
        message: `cannot listen for AMQP on ${hostname} port ${port}: ${messageOf(thrown)}`,
        hint: "Choose another address with --amqp-listen.",
      }, { cause: thrown });
    }
  }
  throw new Error("no port was given");
}
