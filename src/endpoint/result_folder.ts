/** Where workers write large results, below the state folder: known to agent and manager. */
export const RESULT_FOLDER = ["blobs", "results"] as const;
/** Large arguments, while tasks use them. */
export const ARGUMENT_FOLDER = ["blobs", "arguments"] as const;
