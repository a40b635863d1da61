/**
 * A bare server of WebSockets, which sends back what it gets. What is PUT comes with GET /body, other
 * requests are answered by two characters. Prints its port.
 */
let body = new ArrayBuffer(0);

const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
const server = Deno.serve(options, async (request) => {
  if (request.method === "PUT") body = await request.arrayBuffer();
  else if (request.url.endsWith("/body")) return new Response(body);
  if (request.headers.get("upgrade") !== "websocket") return new Response("{}");
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
console.log(server.addr.port);
