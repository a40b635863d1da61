/** The page's half of the session, in the storage of this origin. */

export const SESSION_KEY_ITEM = "funcx.session.key";

/** Null when nobody has signed in. */
export function storedKey(): string | null {
  return localStorage.getItem(SESSION_KEY_ITEM);
}
