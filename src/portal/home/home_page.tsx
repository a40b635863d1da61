/** What goes on now, what went wrong, and the next step for somebody who begins. */
import type { ComponentChildren } from "preact";
import type { Answer } from "../../contract/api.ts";
import { live, useLive } from "../live/live.ts";
import { client, may } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { countText } from "../widgets/units.ts";
import { ConnectEndpoint } from "./connect_endpoint.tsx";
import { OnlineEndpoints } from "./online_endpoints.tsx";
import { RecentFailures } from "./recent_failures.tsx";
import { RunningNow } from "./running_now.tsx";
import { FirstSteps } from "./first_steps.tsx";

export type Stats = Answer<"stats">;

export function HomePage(): ComponentChildren {
  useLive({ stats: true });
  const first = useLoaded("stats", (signal) => client.stats({ signal }));
  const { title, run } = english.home;
  const actions = may("run") && <a class="button primary" href="/run">{run}</a>;
  return (
    <Page title={title} actions={actions}>
      <Shown of={first}>
        {(stats) => <Overview stats={live.stats.value ?? stats} />}
      </Shown>
    </Page>
  );
}

function Overview({ stats }: { readonly stats: Stats }): ComponentChildren {
  const isNew = stats.endpoints === 0 || stats.functions === 0 ||
    stats.total_function_invocations === 0;
  const { running, failed, online, connect, all } = english.home;
  return (
    <>
      {isNew && <FirstSteps stats={stats} />}
      <Figures stats={stats} />
      <div class="grid">
        <Card title={running.title} link="/tasks?finished=no" linkText={all}>
          <RunningNow />
        </Card>
        <Card title={failed.title} link="/tasks?state=failed" linkText={all}>
          <RecentFailures count={stats.tasks.failed ?? 0} />
        </Card>
        <Card title={online.title} link="/endpoints" linkText={all}>
          <OnlineEndpoints />
        </Card>
      </div>
      {stats.endpoints > 0 && (
        <Card title={connect.another}>
          <ConnectEndpoint />
        </Card>
      )}
    </>
  );
}

function Figures({ stats }: { readonly stats: Stats }): ComponentChildren {
  const { figures } = english.home;
  const of = (...states: readonly string[]): number =>
    states.reduce((sum, state) => sum + (stats.tasks[state] ?? 0), 0);
  const waiting = of("received", "waiting-for-ep", "waiting-for-nodes", "waiting-for-launch");
  const items = [
    [
      figures.endpoints,
      figures.ofAll(countText(stats.endpoints_online), countText(stats.endpoints)),
      "/endpoints",
    ],
    [figures.running, countText(of("running")), "/tasks?state=running"],
    [figures.waiting, countText(waiting), "/tasks?finished=no"],
    [figures.succeeded, countText(of("success")), "/tasks?state=success"],
    [figures.failed, countText(of("failed")), "/tasks?state=failed"],
  ] as const;
  return (
    <dl class="figures">
      {items.map(([name, text, target]) => (
        <div class="figure" key={name}>
          <dt>{name}</dt>
          <dd>
            <a class="quiet" href={target}>{text}</a>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface CardProps {
  readonly title: string;
  readonly link?: string;
  readonly linkText?: string;
  readonly children: ComponentChildren;
}

function Card({ title, link, linkText, children }: CardProps): ComponentChildren {
  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
        {link !== undefined && <a href={link} aria-label={`${linkText}: ${title}`}>{linkText}</a>}
      </header>
      {children}
    </section>
  );
}
