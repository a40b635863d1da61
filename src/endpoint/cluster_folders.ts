/** What an endpoint with workers on other nodes keeps, below its state folder. */

/** A folder for each block, and which blocks there are. */
export const BLOCK_FOLDER = "blocks";
/** What managers are let in with, and which there were. */
export const MANAGER_FOLDER = "managers";
