/**
 * Runs before the portal's other scripts have come: it needs nothing of them, and asks what the page at
 * this address will ask first. A test holds that against what the pages do.
 */
import { type EarlyRequest, startEarly } from "./session/early_requests.ts";
import { storedKey } from "./session/stored_key.ts";

/** By address; a page with a filter in it asks for itself. */
const FIRST_REQUESTS: Readonly<Record<string, EarlyRequest>> = {
  "/endpoints": {
    method: "GET",
    path: "/v3/endpoints?order=name&limit=100",
    accept: "application/json",
  },
  "/tasks": {
    method: "POST",
    path: "/v3/live",
    accept: "text/event-stream",
    body: '{"tasks":{"limit":100}}',
  },
};

const key = storedKey();
const first = FIRST_REQUESTS[location.pathname + location.search + location.hash];
if (key !== null && first !== undefined) startEarly(first, key);
