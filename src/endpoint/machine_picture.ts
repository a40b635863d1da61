/** The picture of the machine that goes with an agent's status; see `contract/protocol/`. */
import { encode } from "../contract/protocol/codec.ts";
import {
  type MachinePicture,
  MAX_PICTURE_BYTES,
  type PictureBlock,
  type PictureNode,
  type PictureSite,
} from "../contract/protocol/machine_picture.ts";

export interface PictureParts {
  /** What the profile calls the site; null when it does not. */
  readonly site: string | null;
  /** Such as `slurm`. */
  readonly provider: string;
  /** Undefined for the pool of the agent's own machine. */
  readonly blocks: PictureBlock[] | undefined;
  readonly nodes: PictureNode[];
}

/** What a slot takes in a frame at least; with that it is known at once whether all are too many. */
const SLOT_BYTES = 20;

/** Within `maximumBytes` of a frame: without the slots where it has to be, and then fewer nodes. */
export function machinePicture(
  parts: PictureParts,
  maximumBytes = MAX_PICTURE_BYTES,
): MachinePicture {
  const { provider, blocks, nodes } = parts;
  const frame = { provider, ...(blocks && { blocks }), site: siteOf(parts) };
  const slots = nodes.reduce((sum, node) => sum + node.slots.length, 0);
  const whole = { ...frame, nodes };
  const fits = (picture: MachinePicture): boolean => encode(picture).length <= maximumBytes;
  if (slots * SLOT_BYTES <= maximumBytes && fits(whole)) return whole;
  let bare = nodes.map((node) => ({ ...node, slots: [] }));
  while (bare.length > 0 && !fits({ ...frame, nodes: bare })) {
    bare = bare.slice(0, Math.floor(bare.length / 2));
  }
  return { ...frame, nodes: bare, slots_omitted: true };
}

function siteOf({ site: name, provider, blocks, nodes }: PictureParts): PictureSite {
  // A node may have several managers, each of which tells of all that it has.
  const attached = new Map(
    nodes.filter(({ state }) => state === "attached").map((node) => [node.hostname, node]),
  );
  const sum = (of: (node: PictureNode) => number | undefined): number =>
    [...attached.values()].reduce((total, node) => total + (of(node) ?? 0), 0);
  return {
    ...(name === null ? {} : { name }),
    ...(blocks === undefined ? {} : { scheduler: provider }),
    cores: sum(({ cores }) => cores),
    memory: sum(({ memory }) => memory),
  };
}
