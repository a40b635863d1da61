/** Addresses of the portal's pages, which the service answers with one document for all of them. */

/** As the app's router writes them. */
export const PORTAL_PATHS = [
  "/",
  "/endpoints",
  "/endpoints/:id",
  "/functions",
  "/functions/new",
  "/functions/:id",
  "/run",
  "/tasks",
  "/tasks/:id",
  "/groups/:id",
  "/tokens",
  "/sign-in",
] as const;

/** Scripts, styles and images of the pages are below. */
export const PORTAL_FILES_PATH = "/portal/";
/** The one of them in which HTML of results is shown. */
export const PREVIEW_FILE = "preview.html";

const FIRST_WORDS: ReadonlySet<string> = new Set(PORTAL_PATHS.map(firstWord));

/** Whether a page of the portal may be at a path; the app itself says that there is none. */
export function isPortalPath(pathname: string): boolean {
  return FIRST_WORDS.has(firstWord(pathname)) && (pathname === "/" || !pathname.startsWith("//"));
}

function firstWord(pathname: string): string {
  return pathname.split("/", 2)[1] ?? "";
}
