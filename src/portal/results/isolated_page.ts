/** HTML from elsewhere as a page that loads nothing and runs nothing. */

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; " +
  "base-uri 'none'; form-action 'none'";

/** The policy stands before everything, so nothing of `html` is read without it. */
export function isolatedPage(html: string): string {
  return `<!doctype html><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<meta http-equiv="x-dns-prefetch-control" content="off">` +
    `<meta name="referrer" content="no-referrer">` + html;
}
