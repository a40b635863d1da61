/** The official SDK at a service that takes few requests. */
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";

/** Notes the answers on their way to the SDK, which repeats what was refused by itself. */
const BURST_PY = `
import requests
from local import client, show

answers = []
send = requests.adapters.HTTPAdapter.send
def noting(self, *arguments, **options):
    answer = send(self, *arguments, **options)
    answers.append([answer.status_code, answer.headers.get("Retry-After")])
    if answer.status_code == 429:
        refusals.append(answer.json())
    return answer
refusals = []
requests.adapters.HTTPAdapter.send = noting

with_sdk = client()
functions = [
    with_sdk.register_source_code(f"def f(x):\\n    return x + {n}\\n", "f") for n in range(5)
]
names = [with_sdk.get_function(one)["function_name"] for one in functions[:2]]
show(dict(functions=len(set(functions)), names=names, answers=answers, refusals=refusals))
`;

interface Burst {
  readonly functions: number;
  readonly names: readonly string[];
  readonly answers: readonly (readonly [number, string | null])[];
  readonly refusals: readonly Readonly<Record<string, unknown>>[];
}

/** The last versions of both ways in which the SDK makes requests. */
for (const version of [NEWEST_SDK, "3.16.1"]) {
  const sdk = await globusSdk(version);
  globusTest("a burst over the limit ends well, after 429", sdk, async (stage) => {
    const { functions, names, answers, refusals } = await stage.value<Burst>(BURST_PY);
    assertEquals([functions, names], [5, ["f", "f"]]);
    // Eight with the version, of which the first request needs no token and does not count.
    assertEquals(answers.filter(([status]) => status === 200).length, 8);
    const refused = answers.filter(([status]) => status === 429);
    assertTrue(refused.length > 0, "nothing was refused");
    for (const [, retryAfter] of refused) assertTrue(["1", "2"].includes(retryAfter ?? ""));
    for (const { code, retryable } of refusals) {
      assertEquals([code, retryable], ["TOO_MANY_REQUESTS", true]);
    }
    const all = await stage.env.json<unknown[]>(["function", "list"]);
    assertEquals(all.length, 5);
  }, { serviceFlags: ["--rate-limit", "2/4"] });
}
