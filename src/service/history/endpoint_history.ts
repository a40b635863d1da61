import type { Store } from "../store/store.ts";
import { TaskRates } from "./task_rates.ts";

export class EndpointHistory {
  readonly rates = new TaskRates();

  constructor({ store }: { readonly store: Store }) {
    store.changes.onEnded((endpointId, ends) => {
      this.rates.add(endpointId, ends[0]!.at, ends.length);
    });
  }
}
