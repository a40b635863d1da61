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
    lead: "Run a function on an endpoint and see what becomes of it.",
    choose: "What and where",
    function: "Function",
    functionNote: "Search by name.",
    endpoint: "Endpoint",
    endpointNote: "Search by name, host or site.",
    noFunction: "No function fits.",
    noEndpoint: "No endpoint fits.",
    anyEndpoint: "Any active endpoint",
    anyOfSite: (site: string): string => `Any active endpoint of ${site}`,
    anyNote: "The one with most idle workers when you run",
    noneFits: "No active endpoint of these may run this function now.",
    idle: (idle: string, all: string): string => `${idle} of ${all} workers idle`,
    notAllowed: "Does not allow this function",
    noRuntime: (runtime: string): string => `Has no runtime for ${runtime}`,
    offline: "This endpoint is offline. A task waits until it is back.",
    gone: "This endpoint is not there any more, or not yours to use. Choose another one.",
    arguments: "Arguments",
    form: "Form",
    json: {
      title: "JSON",
      fault: (line: number, column: number, what: string): string =>
        `Line ${line}, column ${column}: ${what}`,
      rounded: (digits: string): string =>
        `${digits} has more digits than a browser can send. Pass it as text: "${digits}"`,
      notJson: "this is not JSON",
      value: "a value is expected: text in double quotes, a number, true, false, null, [ or {",
      key: "a name in double quotes is expected",
      colon: "a colon is expected",
      commaOr: (closing: string): string => `a comma or ${closing} is expected`,
      behind: "nothing may follow the value",
      deep: "this is nested too deeply",
    },
    positional: "By position, an array",
    keyword: "By name, an object",
    noParameters: "This function takes no arguments.",
    notInForm: "The arguments do not fit the form; they stay as JSON.",
    mode: "How to give arguments",
    rest: "args",
    named: "kwargs",
    restNote: "More arguments by position, an array in JSON",
    namedNote: "More arguments by name, an object in JSON",
    optional: "optional",
    defaultIs: (value: string): string => `Default ${value}`,
    notGiven: "(not given)",
    yes: "true",
    no: "false",
    wrong: {
      required: "This one is needed",
      number: "Write a number, such as 2.5 or 1e-3",
      integer: "Write a whole number",
      unsafe: "Has more digits than a browser can send",
      array: "Write an array: [1, 2]",
      object: 'Write an object: {"name": 1}',
      boolean: "Write true or false",
    },
    options: "Options",
    walltime: "Walltime, seconds",
    walltimeNote: "The task is ended when it runs longer.",
    priority: "Priority",
    priorityNote: "Higher first among your own tasks; 0 by default.",
    attempts: "Attempts",
    attemptsNote: "How often it may be tried when what runs it is lost.",
    resources: "Resources, JSON",
    resourcesNote: 'Such as {"cores": 4, "memory": 8000} or {"num_nodes": 2}.',
    count: "Runs",
    countNote: "The same call so many times, as one task group.",
    group: "Task group",
    groupNote: "Id of a group to add this to; a new one by default.",
    optionWrong: {
      walltime: "Write seconds, such as 600",
      between: (least: number, most: number): string =>
        `Write a whole number from ${least} to ${most}`,
      group: "Write the id of a task group",
    },
    submit: "Run",
    submitting: "Submitting…",
    again: "Run again",
    cancel: "Cancel the task",
    cancelling: "The endpoint is asked to end it",
    finishedAlready: "It had finished already",
    open: "Open the task",
    openGroup: "Open the task group",
    notPermitted: "Your token may not run functions. Sign in with one that has the scope run.",
    incomplete: "Something above needs your attention first.",
    runs: "Runs of this window",
    noRuns: "What you run appears here.",
    many: (count: string): string => `${count} tasks`,
    elsewhere: "The same call from elsewhere",
    languages: { command: "Command line", typescript: "TypeScript", python: "Python" },
    needsToken: "It reads a token from FUNCX_TOKEN.",
    needsLogin: (url: string): string => `It uses the service of funcx-endpoint login ${url}`,
    unsaid: (names: string): string => `The command has no option for ${names}.`,
    noSnippet: "Fill in function, endpoint and arguments to see the call.",
    anyInSnippet: "With a group of endpoints, the call names the one that would be taken now.",
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
