/**
 * The image of a container as a profile or a function names it: `docker.io/library/python:3.12`,
 * `docker://python:3.12`, `/images/python.sif`. It becomes one word of a command line, so it must not
 * be mistaken for anything else there.
 */
import { MAX_IMAGE_LENGTH } from "./limits.ts";

const CHARACTERS = /^[A-Za-z0-9._:/@+=~%-]+$/;

/** What is wrong with it, to follow "the image"; null when it is one. */
export function imageProblem(image: string): string | null {
  if (image === "") return "is empty";
  if (image.length > MAX_IMAGE_LENGTH) return `is longer than ${MAX_IMAGE_LENGTH} characters`;
  if (image.startsWith("-")) return 'begins with "-", as an option does';
  if (!CHARACTERS.test(image)) return 'has other characters than letters, digits and "._:/@+=~%-"';
  // A pattern that allows a folder must not allow those beside it.
  if (image.split(/[/:@=]/).includes("..")) return 'has ".." in its path';
  return null;
}

/**
 * Whether a pattern of a profile allows the image; `*` stands for any characters, everything else for
 * itself.
 */
export function allowsImage(pattern: string, image: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(image);
}
