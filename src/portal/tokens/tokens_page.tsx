/** Who may come in: tokens, and the browsers that are signed in. */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { TokenRecord } from "../../contract/api.ts";
import { client, may, session } from "../session/session.ts";
import { now } from "../shell/clock.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Confirm } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { Empty, Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { Age } from "../widgets/states.tsx";
import { ageText, instantText, shortId } from "../widgets/units.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.tsx";
import { NewToken } from "./new_token.tsx";
import { inOrder } from "./token_order.ts";

export function TokensPage(): ComponentChildren {
  const { title, lead, needsManage } = english.tokens;
  return (
    <Page title={title} lead={lead}>
      {may("manage") ? <Tokens /> : <Empty title={needsManage} />}
    </Page>
  );
}

function Tokens(): ComponentChildren {
  const loading = useLoaded("tokens", (signal) => client.tokens({ signal }));
  const revoking = useSignal<TokenRecord | undefined>(undefined);
  const { value } = revoking;
  const own = ownToken();
  const { label, none } = english.tokens.list;
  return (
    <>
      <NewToken onMade={loading.reload} />
      <Shown of={loading}>
        {(tokens) =>
          tokens.length === 0 ? <Empty title={none} /> : (
            <VirtualTable
              label={label}
              columns={columns(own, (token) => revoking.value = token)}
              rows={inOrder(tokens, own)}
              keyOf={(token) => token.token_id}
              minWidth="60rem"
            />
          )}
      </Shown>
      {value !== undefined && (
        <Revoke
          token={value}
          isOwn={value.token_id === own}
          onRevoked={loading.reload}
          onClose={() => revoking.value = undefined}
        />
      )}
    </>
  );
}

function ownToken(): string | undefined {
  const state = session.value;
  return state.kind === "signed_in" ? state.tokenId : undefined;
}

function columns(
  own: string | undefined,
  revoke: (token: TokenRecord) => void,
): readonly Column<TokenRecord>[] {
  const { list, kinds, revoke: revokeText } = english.tokens;
  return [
    {
      id: "label",
      title: list.name,
      width: "minmax(10rem, 2fr)",
      cell: (token) => (
        <span title={token.label} dir="auto">
          {nameOf(token)} {token.token_id === own && <span class="badge busy">{list.thisOne}</span>}
        </span>
      ),
    },
    {
      id: "kind",
      title: list.kind,
      width: "6rem",
      cell: (token) => kinds[token.kind ?? "token"],
    },
    {
      id: "scopes",
      title: list.scopes,
      width: "minmax(8rem, 1fr)",
      cell: (token) => <span title={token.scopes.join(", ")}>{token.scopes.join(", ")}</span>,
    },
    {
      id: "created",
      title: list.created,
      width: "7rem",
      cell: (token) => <Age at={token.created_at} />,
    },
    {
      id: "used",
      title: list.used,
      width: "7rem",
      cell: (token) => <Age at={token.last_used_at} />,
    },
    {
      id: "expires",
      title: list.expires,
      width: "7rem",
      cell: (token) => <Expiry at={token.expires_at} />,
    },
    {
      id: "actions",
      title: list.actions,
      titleHidden: true,
      width: "6rem",
      end: true,
      cell: (token) => (
        <button
          type="button"
          class="small danger"
          aria-label={`${revokeText.action} ${nameOf(token)}`}
          onClick={() => revoke(token)}
        >
          {revokeText.action}
        </button>
      ),
    },
  ];
}

function nameOf(token: TokenRecord): string {
  return token.label === "" ? shortId(token.token_id) : token.label;
}

function Expiry({ at }: { readonly at: number | null }): ComponentChildren {
  const { never, expired, inTime } = english.tokens.list;
  if (at === null) return <span class="muted">{never}</span>;
  const left = at - now.value;
  return <span title={instantText(at)}>{left <= 0 ? expired : inTime(ageText(left))}</span>;
}

interface RevokeProps {
  readonly token: TokenRecord;
  /** It is what this page works with. */
  readonly isOwn: boolean;
  readonly onRevoked: () => void;
  readonly onClose: () => void;
}

function Revoke({ token, isOwn, onRevoked, onClose }: RevokeProps): ComponentChildren {
  const { action, title, lead, leadSession, leadOwn, done } = english.tokens.revoke;
  const end = async (): Promise<string> => {
    await client.call("revokeToken", { params: { token_id: token.token_id } });
    onRevoked();
    return done(nameOf(token));
  };
  return (
    <Confirm
      title={title(nameOf(token))}
      confirm={action}
      onConfirm={() => void attempt(end)}
      onClose={onClose}
    >
      <p>{token.kind === "session" ? leadSession : lead}</p>
      {isOwn && <p class="hint-box">{leadOwn}</p>}
    </Confirm>
  );
}
