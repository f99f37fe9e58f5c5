import { WorkOS } from "@workos-inc/node";
import { startWorkosTwin, type WorkosTwin, type WorkosTwinOptions } from "../../src/workos/twin.ts";
import { checkReply } from "./check-reply.ts";

/** What the suite talks to: the twin, or a real staging environment. */
export interface Target {
  name: "twin" | "live";
  sdk: WorkOS;
  clientId: string;
  url: string;
  /** Fetches like the SDK does, so that this reply is checked too. */
  fetch: typeof fetch;
  /** How many replies have been held against the description, and what was found. */
  replies: { checked: number; findings: string[] };
  /** Only the twin has these. */
  twin: WorkosTwin | undefined;
  /** An SDK of the same target with another API key. */
  withKey(apiKey: string): WorkOS;
  stop(): Promise<void>;
}

/**
 * Live runs need REHOME_CONTRACT_LIVE=1, WORKOS_API_KEY and WORKOS_CLIENT_ID of a staging environment that may be filled with rubbish.
 * They are unproven: no run against the service has been made.
 */
const LIVE = process.env["REHOME_CONTRACT_LIVE"] === "1" && Boolean(process.env["WORKOS_API_KEY"] && process.env["WORKOS_CLIENT_ID"]);

/** Opens the target; options concern the twin only. */
export async function openTarget(options: WorkosTwinOptions = {}): Promise<Target> {
  const twin = LIVE ? undefined : await startWorkosTwin(options);
  const apiKey = twin?.apiKey ?? process.env["WORKOS_API_KEY"] ?? "";
  const clientId = twin?.clientId ?? process.env["WORKOS_CLIENT_ID"] ?? "";
  const replies: Target["replies"] = { checked: 0, findings: [] };
  const made: string[] = [];
  const checked = checkedFetch(replies, made);
  const withKey = (key: string): WorkOS =>
    new WorkOS(key, {
      clientId,
      maxRetries: 0,
      fetchFn: checked,
      ...(twin ? { apiHostname: "127.0.0.1", port: twin.port, https: false } : {}),
    });
  return {
    name: twin ? "twin" : "live",
    sdk: withKey(apiKey),
    clientId,
    url: twin?.url ?? "https://api.workos.com",
    fetch: checked,
    replies,
    twin,
    withKey,
    stop: async () => {
      if (twin) await twin.stop();
      // A staging environment is left as it was found; what a test deleted itself is gone already.
      else
        for (const path of made)
          await fetch(`https://api.workos.com${path}`, { method: "DELETE", headers: { authorization: `Bearer ${apiKey}` } });
    },
  };
}

const MADE = ["/user_management/users", "/organizations"];

/** A fetch that holds every reply against the description before it hands it on, and notes the paths of what was made. */
export function checkedFetch(replies: Target["replies"], made: string[] = []): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init?.method ?? (input instanceof Request ? input.method : "GET");
    const text = await response.clone().text();
    replies.checked += 1;
    replies.findings.push(...checkReply({ method, path: url.pathname, status: response.status, text }));
    if (response.status === 201 && MADE.includes(url.pathname)) made.push(`${url.pathname}/${(JSON.parse(text) as { id: string }).id}`);
    return response;
  };
}

/** An address nobody else of this environment has. */
export function freshEmail(name = "person"): string {
  return `${name}-${crypto.randomUUID()}@example.com`;
}
