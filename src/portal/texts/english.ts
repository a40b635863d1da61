/** Every text of the portal. What comes from the service, such as errors, is shown as it is. */
import type { TaskState } from "../../contract/task_state.ts";

export const english = {
  name: "funcX",

  navigation: {
    label: "Pages",
    skip: "Skip to the content",
    home: "Home",
    endpoints: "Endpoints",
    functions: "Functions",
    run: "Run",
    tasks: "Tasks",
    tokens: "Tokens",
  },

  account: {
    signedInAs: (user: string): string => `Signed in as ${user}`,
    signOut: "Sign out",
    lightTheme: "Light colours",
    darkTheme: "Dark colours",
  },

  live: {
    broken: (age: string): string =>
      `Not connected to the service: what you see is from ${age} ago.`,
    retrying: "Connecting again…",
    clockOff: (seconds: number): string =>
      `This computer's clock is ${Math.abs(Math.round(seconds / 60))} minutes ${
        seconds > 0 ? "behind" : "ahead of"
      } the service's. Times are shown by the service's clock.`,
  },

  signIn: {
    title: "Sign in",
    ended: "You are signed out",
    lead:
      "On a machine where you are logged in to this service, this command prints a link that signs you in:",
    command: "funcx-endpoint portal",
    orToken: "Or paste a token or a one-time code:",
    token: "Token or one-time code",
    tokenNote:
      "funcx-endpoint service token create makes a token. It is used once, and not kept in this browser.",
    submit: "Sign in",
    kept: "What you had entered on this page is still there.",
  },

  notices: { good: "Done", bad: "Failed", dismiss: "Dismiss" },

  states: {
    "received": "Received",
    "waiting-for-ep": "Waiting for the endpoint",
    "waiting-for-nodes": "Waiting for nodes",
    "waiting-for-launch": "Starting",
    "running": "Running",
    "success": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
  } satisfies Record<TaskState, string>,
  endpointStates: { online: "Active", offline: "Offline" },

  common: {
    loading: "Loading…",
    retry: "Try again",
    copy: "Copy",
    copied: "Copied",
    cancel: "Cancel",
    close: "Close",
    more: "Show more",
    none: "none",
    never: "never",
    ago: (age: string): string => `${age} ago`,
    notFound: "There is no such page",
    notFoundLead: "The address may be mistyped, or from another version of the portal.",
    backHome: "Go to the home page",
    code: (code: string): string => `code ${code}`,
    rows: (count: number): string =>
      `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`,
  },

  // -- pages --------------------------------------------------------------------------------------

  home: {
    title: "Home",
  },

  endpoints: {
    title: "Endpoints",
  },

  endpoint: {
    title: "Endpoint",
  },

  functions: {
    title: "Functions",
  },

  editor: {
    keys: "Tab indents; Escape, then Tab leaves the editor.",
  },

  run: {
    title: "Run",
  },

  results: {
    label: "Result",
    views: "Views of the result",
    kinds: {
      image: "Image",
      html: "HTML",
      plot: "Plot",
      table: "Table",
      streams: "Output",
      quantity: "Value",
      text: "Text",
      tree: "Tree",
      source: "JSON",
    },
    text: "Text of the result",
    path: "path",
    value: "value",
    opaque: (header: string, size: string): string =>
      `This result is a Python object (form ${header}, ${size}), which only Python can read. Fetch it with the Python SDK, or let the function return what JSON can hold.`,
    malformed: (reason: string): string =>
      `This result cannot be read: ${reason}. What follows is as it came.`,
    long: (size: string): string =>
      `This result has ${size}, which is too much to be taken apart here. You see its beginning; the file has all of it.`,
    large: (size: string): string => `This result has ${size} and is kept beside the task.`,
    fetch: "Fetch and show it",
    downloadAll: "Download",
    download: (extension: string): string => `Download .${extension}`,
    shownOf: (shown: string, all: string): string => `${shown} of ${all} shown`,
    preview: "Preview",
    previewNote: "Isolated: scripts do not run in it and nothing is loaded.",
    asText: "Show as text",
    brokenImage: "This looks like an image, but the browser cannot read it.",
    imageAlt: (name: string): string => `Image that is the result of ${name}`,
    returned: (code: number): string => `Exit code ${code}`,
    nothingWritten: "Nothing was written.",
    tableSize: (rows: number, columns: number): string =>
      `${rows.toLocaleString("en")} × ${columns.toLocaleString("en")}`,
    items: (count: string): string => `[ ${count} ]`,
    keys: (count: string): string => `{ ${count} }`,
    characters: (count: string): string => `… ${count} characters`,
    moreItems: (count: string): string => `Show more (${count} not shown)`,
    searchLabel: "Search keys and values",
    next: "Next match",
    previous: "Previous match",
    hits: (at: number, count: string): string => at === 0 ? `${count} found` : `${at} of ${count}`,
    noHit: "not found",
    noPlot: "The plot could not be loaded.",
    points: (count: string): string => `${count} points`,
    between: (name: string, least: string, greatest: string): string =>
      `${name} from ${least} to ${greatest}`,
  },

  tasks: {
    title: "Tasks",
    result: "Result",
    attempts: (attempt: number, most: number): string =>
      attempt === 0 ? `up to ${most} attempts` : `attempt ${attempt} of ${most} at most`,
    timeline: {
      title: "Timeline",
      lead: (total: string): string => `${total} from submit to end.`,
      last: (total: string): string => `${total} since submit.`,
      skewed:
        "* By its own clock this happened before the line above it: the clocks of two machines differ. It counts as happening together with that line.",
      state: "State",
      by: "Told by",
      attempt: "Attempt",
      at: "At, by its clock",
      lasted: "Lasted",
      why: "Why",
      soFar: (duration: string): string => `${duration} so far`,
      parts: {
        client: "client",
        service: "service",
        agent: "agent",
        manager: "manager",
        worker: "worker",
      },
    },
    output: {
      title: "Output",
      lines: (name: string): string => `Lines of ${name}`,
      empty: "nothing written so far",
      all: (size: string): string => `Show all ${size}`,
      save: "Save as a file",
      toEnd: "↓ Follow the end",
      gap: (size: string): string => `… ${size} that did not come here …`,
      dropped: (kept: string, dropped: string): string =>
        `the last ${kept}; ${dropped} before are kept no more`,
    },
    error: {
      title: { failed: "Why it failed", cancelled: "It was cancelled" },
      traceback: "Traceback on the worker",
      copyTraceback: "Copy the traceback",
    },
    waitingFor: {
      offline: "It waits: its endpoint is offline. It runs when the endpoint is back.",
      problem: "It waits. Its endpoint says:",
    },
  },

  tokens: {
    title: "Tokens",
  },
} as const;
