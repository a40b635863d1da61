// Run once by the stub with `deno eval`: writes the program's files from the executable's archive.
// No single quote may occur here, since the stub holds this text between two of them.
const { zstdDecompressSync } = await import("node:zlib");
const [executable, start, length, folder] = Deno.args;
const packed = new Uint8Array(Number(length));
const source = Deno.openSync(executable);
source.seekSync(Number(start) - 1, Deno.SeekMode.Start);
for (let filled = 0; filled < packed.length;) {
  const count = source.readSync(packed.subarray(filled));
  if (count === null) throw new Error(`${executable} is cut short; copy it again`);
  filled += count;
}
const archive = zstdDecompressSync(packed);
const headerEnd = archive.indexOf(10);
let position = headerEnd + 1;
for (const [path, size] of JSON.parse(new TextDecoder().decode(archive.subarray(0, headerEnd)))) {
  const target = `${folder}/${path}`;
  Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  Deno.writeFileSync(target, archive.subarray(position, position + size));
  position += size;
}
