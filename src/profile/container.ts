/** `executor.container`: the program that containers are started with, and which images they may have. */
import * as v from "valibot";
import { imageProblem } from "../contract/container_image.ts";
import { MAX_IDS_PER_REQUEST, MAX_IMAGE_LENGTH } from "../contract/limits.ts";
import type { Conflict } from "./provider_checks.ts";
import { filled, section } from "./schema_pieces.ts";

export const CONTAINER_TYPES = [
  "apptainer",
  "singularity",
  "podman",
  "docker",
  "charliecloud",
  "shifter",
  "custom",
] as const;
export type ContainerType = typeof CONTAINER_TYPES[number];

export interface ResolvedContainer {
  readonly type: ContainerType;
  /** Of functions that name none; null means that those run outside. */
  readonly image: string | null;
  /** Before the image. */
  readonly options: readonly string[];
  /** Of "custom"; otherwise empty. */
  readonly command: readonly string[];
  /** Of "custom": the words that show one folder, with `{folder}`. */
  readonly mount: readonly string[];
  /** Patterns of the images that functions may name. */
  readonly allow: readonly string[];
}

/** Most words of one list. */
const MAX_WORDS = 1_000;

const words = v.pipe(v.array(filled), v.maxLength(MAX_WORDS));

export const ContainerSchema = section({
  type: v.picklist(CONTAINER_TYPES),
  image: v.optional(v.pipe(v.string(), v.check((image) => imageProblem(image) === null))),
  options: v.optional(words),
  command: v.optional(words),
  mount: v.optional(words),
  allow: v.optional(
    v.pipe(
      v.array(v.pipe(filled, v.maxLength(MAX_IMAGE_LENGTH))),
      v.maxLength(MAX_IDS_PER_REQUEST),
    ),
  ),
});
type RawContainer = v.InferOutput<typeof ContainerSchema>;

export function resolveContainer(raw: RawContainer | undefined): ResolvedContainer | null {
  if (raw === undefined) return null;
  const { type, image = null, options = [], command = [], mount = [], allow = [] } = raw;
  return { type, image, options, command, mount, allow };
}

/** What is wrong with a container whose keys are right one by one. */
export function containerConflicts(raw: RawContainer | undefined): Conflict[] {
  if (raw === undefined) return [];
  const { type, command, mount } = raw;
  if (type !== "custom") {
    return Object.entries({ command, mount }).filter(([, value]) => value !== undefined).map((
      [key],
    ) => ({
      key,
      found: `with type "${type}"`,
      expected: `no ${key}, which is that of the type "custom"`,
      mend: "Write what is to be added to the program's command line into options.",
    }));
  }
  const lacks = ["{image}", "{command}"].filter((placeholder) =>
    !command?.some((word) =>
      placeholder === "{command}" ? word === placeholder : word.includes(placeholder)
    )
  );
  return lacks.slice(0, 1).map((placeholder) => ({
    key: "command",
    found: command === undefined ? "nothing" : JSON.stringify(command),
    expected: `a command line with ${placeholder}`,
    mend: 'Write it as ["my-wrapper", "{image}", "{command}"]; {command} is a word of its own.',
  }));
}
