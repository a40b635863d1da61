import { assertEquals, assertTrue } from "../lib/assert.ts";
import { allowsImage, imageProblem } from "./container_image.ts";
import {
  functionBuffers,
  HEADERS,
  readSourceFunction,
  sourceFunction,
  withContainer,
} from "./envelope.ts";
import { MAX_IMAGE_LENGTH } from "./limits.ts";

Deno.test("an image is a name or a path, and nothing that a program reads otherwise", () => {
  const images = [
    "python",
    "docker.io/library/python:3.12",
    "docker://ghcr.io/a/b@sha256:0123",
    "/images/python.sif",
    "~/images/x_y.sif",
  ];
  for (const image of images) assertEquals([image, imageProblem(image)], [image, null]);
  const others = [
    "",
    "-v",
    "--privileged",
    "a b",
    "a\n--privileged",
    "a\0b",
    "a;b",
    "$(id)",
    "é",
    "/images/../home/a.sif",
    "docker-archive:../a.tar",
    "x".repeat(MAX_IMAGE_LENGTH + 1),
  ];
  for (const image of others) assertTrue(imageProblem(image) !== null, JSON.stringify(image));
});

Deno.test("a pattern allows what it is, with * for any characters", () => {
  assertTrue(allowsImage("python", "python"));
  assertTrue(!allowsImage("python", "python:3.12"));
  assertTrue(allowsImage("docker.io/library/*", "docker.io/library/python:3.12"));
  assertTrue(!allowsImage("docker.io/library/*", "dockerxio/library/python"));
  assertTrue(!allowsImage("docker.io/library/*", "evil/docker.io/library/python"));
  assertTrue(allowsImage("*", "/anything"));
  assertTrue(allowsImage("/images/*.sif", "/images/a.sif"));
  assertTrue(!allowsImage("/images/*.sif", "/images/a.img"));
});

Deno.test("the image follows the code of a function, which stays as it was", () => {
  const plain = sourceFunction(HEADERS.pythonSource, "f", "def f(): return 'é🎉'");
  const packed = withContainer(plain, "python:3.12");
  assertEquals(functionBuffers(plain).image, null);
  assertEquals(functionBuffers(packed).image, "python:3.12");
  assertEquals(functionBuffers(withContainer(packed, "other")).image, "other");
  assertEquals(readSourceFunction(packed), readSourceFunction(plain));
});
