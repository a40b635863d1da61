/** Where workers write large results, below the state folder: known to agent and manager. */
export const RESULT_FOLDER = ["blobs", "results"] as const;
