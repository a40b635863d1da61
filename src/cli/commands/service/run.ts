import { builtFolder } from "../../../lib/program.ts";
import { runService } from "../../../service/bootstrap.ts";
import { readAuthority } from "../../../contract/authority.ts";
import { defineCommand } from "../../command.ts";
import { LISTEN_FLAGS, type ListenFlags } from "../../listen_flags.ts";

/** The daemon itself, in the foreground; `service start` runs it detached. */
export const command = defineCommand<ListenFlags>({
  parameters: { flags: LISTEN_FLAGS },
  run: ({ home, signal }, flags) => {
    const { amqp, amqpLogin, amqpManagement, amqpCa } = flags;
    const isRabbit = (amqp ?? amqpLogin ?? amqpManagement ?? amqpCa) !== undefined;
    const { tlsCert, tlsKey } = flags;
    const tls = tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { certificateFile: tlsCert, keyFile: tlsKey };
    return runService({
      home,
      portalFolder: builtFolder("portal"),
      signal,
      tls,
      authority: flags.tlsCa === undefined ? undefined : readAuthority(flags.tlsCa),
      listen: flags.listen,
      behindTlsProxy: flags.behindTlsProxy,
      publicUrl: flags.publicUrl,
      allowedHosts: flags.allowHost,
      allowedOrigins: flags.allowOrigin,
      maxBlobBytes: flags.maxBlobBytes,
      blobQuotaBytes: flags.blobQuotaBytes,
      retentionDays: flags.retentionDays,
      rateLimit: flags.rateLimit,
      amqpListen: flags.amqpListen,
      amqpPublicAddress: flags.amqpPublicAddress,
      rabbit: isRabbit
        ? { url: amqp, loginFile: amqpLogin, managementUrl: amqpManagement, caFile: amqpCa }
        : undefined,
      logLevel: flags.logLevel,
    });
  },
});
