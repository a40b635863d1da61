/**
 * The guest in a process that could import packages and remote modules, as a compiled program can:
 * it refuses them itself, which costs ten megabytes. Entry point.
 */
import { refuseForeignImports } from "../../../lib/import_guard.ts";
import "./typescript_guest.ts";

// The guest gets its setup, and with it user code, in a later turn.
refuseForeignImports();
