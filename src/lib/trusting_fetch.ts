/** Requests to servers whose certificate an authority of one's own has signed. */

/** One for each authority, since a client has the connections that are kept open. */
const clients = new Map<string, Deno.HttpClient>();

/** `fetch` that trusts `authority`, PEM, beside those that the system trusts. */
export function fetchTrusting(authority: string | undefined): typeof fetch {
  if (authority === undefined) return fetch;
  return (input, init) => fetch(input, { ...init, client: clientFor(authority) });
}

function clientFor(authority: string): Deno.HttpClient {
  const known = clients.get(authority);
  if (known !== undefined) return known;
  const client = Deno.createHttpClient({ caCerts: [authority] });
  clients.set(authority, client);
  return client;
}
