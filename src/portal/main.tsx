/** The portal: a page that shows what the service knows, by the REST API alone. */
import { render } from "preact";
import { App } from "./shell/app.tsx";
import { openSession } from "./session/session.ts";
import { startTheme } from "./shell/theme.ts";

startTheme();
// First, since it takes a one-time code out of the address that the pages go by.
void openSession();
render(<App />, document.getElementById("app")!);
