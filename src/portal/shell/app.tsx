/** Navigation around the page that the address names, and the sign-in form over both. */
import type { ComponentChildren } from "preact";
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { EndpointsPage } from "../endpoints/endpoints_page.tsx";
import { HomePage } from "../home/home_page.tsx";
import { live, useLive } from "../live/live.ts";
import { session } from "../session/session.ts";
import { SignIn } from "../session/sign_in.tsx";
import { TasksPage } from "../tasks/tasks_page.tsx";
import { english } from "../texts/english.ts";
import { Boundary } from "../widgets/boundary.tsx";
import { Spinner } from "../widgets/messages.tsx";
import { Banner } from "./banner.tsx";
import { laterPage } from "./later.tsx";
import { Navigation } from "./navigation.tsx";
import { NotFoundPage } from "./not_found_page.tsx";
import { Notices } from "./notices.tsx";

// The pages that are opened first come with the frame: to load them after it costs more than they weigh.
// The pages that are opened first come with the frame: to load them after it costs more than they weigh.
const EndpointPage = laterPage((pages) => pages.EndpointPage);
const FunctionsPage = laterPage((pages) => pages.FunctionsPage);
const FunctionPage = laterPage((pages) => pages.FunctionPage);
const NewFunctionPage = laterPage((pages) => pages.NewFunctionPage);
const RunPage = laterPage((pages) => pages.RunPage);
const TaskPage = laterPage((pages) => pages.TaskPage);
const GroupPage = laterPage((pages) => pages.GroupPage);
const TokensPage = laterPage((pages) => pages.TokensPage);

export function App(): ComponentChildren {
  const { kind } = session.value;
  const user = session.value.kind === "signed_in" ? session.value.user : undefined;
  useLayoutEffect(() => live.restart(), [user]);
  return (
    <LocationProvider>
      <a class="skip" href="#content">{english.navigation.skip}</a>
      <div class="shell" inert={kind === "signed_out"}>
        <Navigation />
        <div>
          <Banner />
          <Content>{kind === "unknown" ? <Spinner /> : <Pages />}</Content>
        </div>
      </div>
      {kind === "signed_out" && <SignIn />}
      <Notices />
    </LocationProvider>
  );
}

/**
 * Gets the focus with each new page: the link that led there is gone with the page before, and who
 * hears the page or goes by keyboard would begin at the top.
 */
function Content({ children }: { readonly children: ComponentChildren }): ComponentChildren {
  const { path } = useLocation();
  const place = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) place.current?.focus({ preventScroll: true });
    shown.current = path;
  }, [path]);
  return (
    <main class="content" id="content" tabIndex={-1} ref={place}>
      <Boundary of={path}>{children}</Boundary>
    </main>
  );
}

/**
 * Pages stay in place under the sign-in form, so that a session that ends takes nothing away; before
 * the first sign-in there are none.
 */
function Pages(): ComponentChildren {
  useLive({});
  if (session.value.kind === "signed_out" && !wasSignedIn) return null;
  wasSignedIn = true;
  return (
    <ErrorBoundary>
      <Router>
        <Route path="/" component={HomePage} />
        <Route path="/endpoints" component={EndpointsPage} />
        <Route path="/endpoints/:id" component={EndpointPage} />
        <Route path="/functions" component={FunctionsPage} />
        <Route path="/functions/new" component={NewFunctionPage} />
        <Route path="/functions/:id" component={FunctionPage} />
        <Route path="/run" component={RunPage} />
        <Route path="/tasks" component={TasksPage} />
        <Route path="/tasks/:id" component={TaskPage} />
        <Route path="/groups/:id" component={GroupPage} />
        <Route path="/tokens" component={TokensPage} />
        <Route default component={NotFoundPage} />
      </Router>
    </ErrorBoundary>
  );
}

let wasSignedIn = false;
