import { defineCommand } from "../command.ts";
import { forgetLogin } from "../login_store.ts";

export const command = defineCommand<Record<never, never>>({
  description: "The token stays valid at the service; `service token revoke` ends it there.",
  parameters: {},
  run: async ({ home, output }) => {
    const url = forgetLogin(home);
    await output.show(
      { logged_out: url },
      () => url === null ? "You were not logged in." : `Logged out of ${url}.`,
    );
  },
});
