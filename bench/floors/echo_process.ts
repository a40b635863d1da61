/** As `echo.py`, in Deno. */

const LENGTH_BYTES = 4;
let held = new Uint8Array();

/** The whole records of `bytes`, copied into a buffer of their own, and what is left. */
function echo(bytes: Uint8Array<ArrayBuffer>): [Uint8Array, Uint8Array<ArrayBuffer>] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const answer = new Uint8Array(bytes.length);
  let position = 0;
  while (position + LENGTH_BYTES <= bytes.length) {
    const end = position + LENGTH_BYTES + view.getUint32(position, true);
    if (end > bytes.length) break;
    answer.set(bytes.subarray(position, end), position);
    position = end;
  }
  return [answer.subarray(0, position), bytes.slice(position)];
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

const writer = Deno.stdout.writable.getWriter();
for await (const chunk of Deno.stdin.readable) {
  const [answer, rest] = echo(joined(held, chunk));
  held = rest;
  if (answer.length > 0) await writer.write(answer);
}
