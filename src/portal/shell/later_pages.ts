/**
 * The pages that are seldom opened first, as one script. Each as its own would break what they share
 * with the frame into a file for every set of pages that share it, and the first view waits for all.
 */
export { EndpointPage } from "../endpoints/endpoint_page.tsx";
export { FunctionPage } from "../functions/function_page.tsx";
export { FunctionsPage } from "../functions/functions_page.tsx";
export { NewFunctionPage } from "../functions/new_function_page.tsx";
export { RunPage } from "../run/run_page.tsx";
export { GroupPage } from "../tasks/group_page.tsx";
export { TaskPage } from "../tasks/task_page.tsx";
export { TokensPage } from "../tokens/tokens_page.tsx";
