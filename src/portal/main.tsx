/** The portal: a page that shows what the service knows, by the REST API alone. */
// It runs as soon as it has come; should that be after this, it runs now.
import "./early.ts";
import { render } from "preact";
import { App } from "./shell/app.tsx";
import { earlyAnswers } from "./session/early_requests.ts";
import { keepServiceTime } from "./session/service_time.ts";
import { openSession } from "./session/session.ts";
import { expectLaterPages } from "./shell/later.tsx";
import { startTheme } from "./shell/theme.ts";

/** Milliseconds for which the page waits to begin with its first rows, and to be laid out once. */
const FIRST_ROWS_PATIENCE = 100;

startTheme();
// First, since it takes a one-time code out of the address that the pages go by.
void openSession();
keepServiceTime();
await earlyAnswers(FIRST_ROWS_PATIENCE);
render(<App />, document.getElementById("app")!);
expectLaterPages();
