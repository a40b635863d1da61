import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import type { ContainerType } from "../../../profile/container.ts";
import { canBeMounted, type ContainerCall, containerCommand } from "./command_line.ts";

function commandOf(type: ContainerType, changes: Partial<ContainerCall["container"]> = {}): string {
  return containerCommand({
    container: {
      type,
      image: null,
      options: ["--o"],
      command: [],
      mount: [],
      allow: [],
      ...changes,
    },
    image: "python:3.12",
    name: "funcx-1",
    managerId: "m",
    folders: [{ path: "/tasks", writable: true }, { path: "/blobs", writable: false }],
    folder: "/tasks/1",
    variables: ["A"],
    command: ["sh", "-c", "x y"],
    user: "1000:100",
  }).join(" ");
}

const ENGINE = "--mount=type=bind,source=/tasks,target=/tasks " +
  "--mount=type=bind,source=/blobs,target=/blobs,readonly --workdir=/tasks/1 --env=A --o " +
  "--entrypoint=sh python:3.12 -c x y";

Deno.test("each program is told of folders, variables and the command in its own words", () => {
  assertEquals(
    commandOf("podman"),
    `podman run --rm --name=funcx-1 --label=funcx.manager=m ${ENGINE}`,
  );
  assertEquals(
    commandOf("docker"),
    `docker run --rm --name=funcx-1 --label=funcx.manager=m --user=1000:100 ${ENGINE}`,
  );
  const apptainer = "exec --bind /tasks:/tasks:rw --bind /blobs:/blobs:ro --pwd /tasks/1 --o " +
    "python:3.12 sh -c x y";
  assertEquals(commandOf("apptainer"), `apptainer ${apptainer}`);
  assertEquals(commandOf("singularity"), `singularity ${apptainer}`);
  assertEquals(
    commandOf("charliecloud"),
    "ch-run --bind=/tasks:/tasks --bind=/blobs:/blobs --cd=/tasks/1 --o python:3.12 -- sh -c x y",
  );
  assertEquals(
    commandOf("shifter"),
    "shifter --image=python:3.12 --volume=/tasks:/tasks --volume=/blobs:/blobs:ro " +
      "--workdir=/tasks/1 --o sh -c x y",
  );
});

Deno.test("the words of a custom program stand where its placeholders are", () => {
  const command = ["wrap", "{options}", "--root={image}", "{mounts}", "--", "{command}"];
  assertEquals(
    commandOf("custom", { command, mount: ["-b", "{folder}={folder}"] }),
    "wrap --o --root=python:3.12 -b /tasks=/tasks -b /blobs=/blobs -- sh -c x y",
  );
  assertEquals(
    commandOf("custom", { command: ["w", "{image}", "{command}"] }),
    "w python:3.12 sh -c x y",
  );
});

Deno.test("a path that a program would split cannot be mounted", () => {
  assertTrue(canBeMounted("/a b/c"));
  for (const path of ["/a:b", "/a,b", "/a\nb"]) assertTrue(!canBeMounted(path));
});
