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
    run: "Run a function",
    all: "All",
    figures: {
      endpoints: "Endpoints online",
      ofAll: (online: string, all: string): string => `${online} of ${all}`,
      running: "Tasks running",
      waiting: "Waiting or starting",
      succeeded: "Succeeded",
      failed: "Failed",
    },
    running: { title: "Going on now", none: "Nothing runs or waits at the moment." },
    failed: {
      title: "Failed lately",
      none: "Nothing has failed.",
      noCause: "Its endpoint did not say why.",
    },
    online: {
      title: "Endpoints online",
      none: "None is online at the moment.",
      more: (count: string): string => `and ${count} more`,
      workers: (busy: string, all: string): string => `${busy} of ${all} workers busy`,
      queued: (count: string): string => `${count} in its queue`,
    },
    connect: {
      another: "Connect an endpoint",
      lead:
        "On the machine whose processors you want to use, with funcx-endpoint installed: two commands, and a one-time code in place of a password.",
      make: "Make a one-time code",
      makeAgain: "Make another code",
      needsManage: "To connect endpoints, sign in with a token of scope manage.",
      tokenLabel: "endpoint connected from the portal",
      login: "Log in there. The command asks for a token:",
      paste: "Paste this code when it asks. It is used once, and may manage endpoints and tokens:",
      start: "Then start the endpoint:",
      expires: (left: string): string => `Unused, it expires in ${left}.`,
      expired: "The code has expired. Make another one.",
      onlyHere:
        "This address reaches the service from this machine only. To connect other machines, start the service with --listen and a certificate.",
      waiting: "Waiting for the endpoint to connect…",
      someOnline: "An endpoint has come online.",
      all: "See those online",
      registered: "It is registered here, and starting.",
      connected: "It is connected and ready for tasks.",
      run: "Run something on it",
    },
    first: {
      welcome: "Welcome to funcX",
      lead:
        "Functions you register here run on machines you connect: your workstation, a cluster, a cloud. Three steps to the first result.",
      done: "done",
      connect: {
        title: "Connect an endpoint",
        note: "An endpoint is a machine, or a whole cluster behind its login node.",
      },
      register: {
        title: "Register a function",
        note: "Python, TypeScript or a shell command; register once, run as often as you like.",
        action: "Write a function",
      },
      run: {
        title: "Run it",
        note: "Choose the function and the endpoint, fill in the arguments, and watch it run.",
        action: "Run a function",
      },
    },
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
    tabs: "Tasks or groups of them",
    byId: "Open by task id",
    noId: "A task id is a UUID: 36 characters, such as 0190a6a0-1b2c-7d3e-8f40-5a6b7c8d9e0f",
    list: {
      label: "Tasks, newest first",
      none: "No tasks so far",
      noneFit: "No task fits these filters",
      runOne: "Run a function",
      state: "State",
      function: "Function",
      endpoint: "Endpoint",
      submitted: "Submitted",
      duration: "Duration",
      attempt: "Attempt",
      id: "Id",
      choice: "Chosen",
      choose: (name: string, id: string): string => `Choose task ${id} of ${name}`,
      chooseAll: "Choose all of these",
      chooseNone: "Choose none",
      chosen: (count: number): string => `${count.toLocaleString("en")} chosen`,
      unfinished: (count: string): string => `${count} of those shown can be cancelled`,
      cancel: (count: number): string =>
        `Cancel ${count.toLocaleString("en")} ${count === 1 ? "task" : "tasks"}`,
      cancelTitle: (count: number): string =>
        `Cancel ${count.toLocaleString("en")} ${count === 1 ? "task" : "tasks"}?`,
      cancelLead:
        "Those that run are ended on their workers, and what they have done so far is lost.",
      cancelled: (cancelling: number, finished: number): string =>
        `${cancelling.toLocaleString("en")} asked to end` +
        (finished === 0 ? "" : `; ${finished.toLocaleString("en")} had finished before`),
    },
    filters: {
      label: "Filters",
      state: "State",
      anyState: "Any",
      finished: "Finished",
      unfinished: "Not finished",
      endpoint: "Endpoint",
      function: "Function",
      group: "Task group",
      anyName: "Any",
      anyAgain: (label: string, name: string): string => `${label} ${name}: show any again`,
      time: "Submitted",
      anyTime: "At any time",
      lastHour: "In the last hour",
      today: "Today",
      custom: "Between…",
      since: "From",
      until: "Until",
      reset: "Clear filters",
    },
    groups: {
      title: "Task groups",
      none: "No task groups so far",
      noneLead: "Tasks that are submitted together, such as those of a map, make a group.",
      group: "Group",
      function: "Function",
      progress: "Progress",
      progressOf: (id: string): string => `Progress of group ${id}`,
      tasks: "Tasks",
      failed: "Failed",
      created: "Submitted",
    },
    group: {
      title: "Task group",
      copyId: "Copy the id of the group",
      tasks: "Tasks of the group",
      progressTitle: "Progress",
      done: (finished: string, total: string): string => `${finished} of ${total} finished`,
      durations: "How long tasks took, from submit to end",
      noDurations: "No task has ended yet.",
      bar: (range: string, count: string): string => `${range}: ${count} tasks`,
      facts: {
        submitted: "Submitted",
        runsFor: "Runs for",
        took: "Took",
        rate: "Rate",
        perSecond: (rate: string): string => `${rate} /s`,
        eta: "Done in about",
        finished: "done",
      },
      cancelAll: (count: string): string => `Cancel ${count} unfinished`,
      cancelTitle: (count: string): string => `Cancel ${count} unfinished tasks?`,
      cancelLead:
        "All tasks of the group that have not finished are cancelled; results that are there stay.",
      cancelling: (count: string): string => `Cancelling… ${count} asked so far`,
      cancelled: (cancelling: string, finished: string): string =>
        `${cancelling} tasks asked to end; ${finished} had finished before`,
    },
    task: {
      title: "Task",
      copyId: "Copy the id of the task",
      cancel: "Cancel",
      cancelTitle: "Cancel this task?",
      cancelLead: "If it runs, it is ended on its worker, and what it has done so far is lost.",
      cancelling: "The task was asked to end",
      wasFinished: "The task had finished before",
      runAgain: "Run again",
      runPrefilled: "Run with new arguments",
      argumentsGone: "Its arguments are kept no more.",
      submitted: "Submitted again: this is the new task",
      facts: {
        label: "About the task",
        function: "Function",
        endpoint: "Endpoint",
        group: "Task group",
        submitted: "Submitted",
        took: "Took",
        since: "So far",
        attempts: "Attempts",
        priority: "Priority",
        worker: {
          hostname: "Host",
          pid: "Process",
          runtime: "Runtime",
          version: "Version",
          duration: "Run time",
        },
      },
    },
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
      empty: "nothing written",
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
    lead: "Whoever has one of these may come in as you, within its scopes.",
    needsManage: "To see and make tokens, sign in with a token of scope manage or all.",
    kinds: { token: "Token", session: "Browser" },
    list: {
      label: "Tokens and sessions",
      none: "No tokens",
      name: "Label",
      kind: "Kind",
      scopes: "Scopes",
      created: "Created",
      used: "Last used",
      expires: "Expires",
      actions: "Revoke",
      thisOne: "this session",
      never: "never",
      expired: "expired",
      inTime: (time: string): string => `in ${time}`,
    },
    revoke: {
      action: "Revoke",
      title: (name: string): string => `Revoke ${name}?`,
      lead:
        "It ends at once, and so do the browser sessions that were opened with it. Programs that use it are refused from then on.",
      leadSession: "That browser is signed out at once.",
      leadOwn: "This page works with it: you will be signed out here.",
      done: (name: string): string => `${name} is revoked`,
    },
    create: {
      open: "New token",
      label: "Label",
      labelNote: "What it is for, such as the machine or the program that will use it.",
      scopes: "What it may do",
      explained: {
        read: "list and show endpoints, functions, tasks and results",
        run: "also register and run functions, and cancel tasks",
        manage: "also register and stop endpoints, and make and revoke tokens",
        all: "everything that you may",
      },
      lifetime: "Expires",
      lifetimes: {
        day: "in a day",
        month: "in 30 days",
        quarter: "in 90 days",
        year: "in a year",
        never: "never",
      },
      make: "Make the token",
      shownOnce: (label: string): string =>
        `${label === "" ? "The new token" : label}: copy it now, it is shown this once.`,
      putAway: "I have copied it",
    },
  },
} as const;
