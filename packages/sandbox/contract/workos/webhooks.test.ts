import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WorkosTwinAdmin } from "../../src/workos/admin-client.ts";
import { checkEvent } from "./check-reply.ts";
import { refusal, withTarget } from "./suite.ts";

const target = withTarget();
const live = process.env["REHOME_CONTRACT_LIVE"] === "1";

const SOON = { timeout: 10_000 };

interface Received {
  body: string;
  signature: string;
}

describe("endpoints", () => {
  test("are made with a secret, listed, changed and deleted", async () => {
    const { webhooks } = target.sdk;
    const endpointUrl = `https://example.com/${crypto.randomUUID()}`;
    const made = await webhooks.createWebhookEndpoint({ endpointUrl, events: ["user.created", "organization.created"] });
    expect(made).toMatchObject({ endpointUrl, status: "enabled", events: ["user.created", "organization.created"] });
    expect(made.secret).toBeTruthy();
    expect((await webhooks.listWebhookEndpoints()).data.map(({ id }) => id)).toContain(made.id);

    const changed = await webhooks.updateWebhookEndpoint({ id: made.id, status: "disabled", events: ["user.deleted"] });
    expect(changed).toMatchObject({ id: made.id, secret: made.secret, status: "disabled", events: ["user.deleted"] });
    await webhooks.deleteWebhookEndpoint({ id: made.id });
    expect((await webhooks.listWebhookEndpoints()).data.map(({ id }) => id)).not.toContain(made.id);
    expect(await refusal(webhooks.deleteWebhookEndpoint({ id: made.id }))).toMatchObject({ status: 404 });
  });

  test("need an HTTPS address of their own and events that exist", async () => {
    const { webhooks } = target.sdk;
    const endpointUrl = `https://example.com/${crypto.randomUUID()}`;
    const { id } = await webhooks.createWebhookEndpoint({ endpointUrl, events: ["user.created"] });
    const make = (options: object) => refusal(target.sdk.post("/webhook_endpoints", options));

    expect(await make({ endpoint_url: endpointUrl, events: ["user.created"] })).toMatchObject({ status: 409, code: "duplicate_endpoint" });
    expect(await make({ endpoint_url: "http://example.com/hook", events: ["user.created"] })).toMatchObject({
      status: 422,
      code: "invalid_url",
    });
    expect(await make({ endpoint_url: `${endpointUrl}/2`, events: ["user.sneezed"] })).toMatchObject({ status: 422 });
    await webhooks.deleteWebhookEndpoint({ id });
  });
});

// The service reaches only public HTTPS addresses, so what follows needs a tunnel to run against it.
describe.skipIf(live)("deliveries", () => {
  const received: Received[] = [];
  let answers: (index: number) => number | Promise<number> = () => 200;
  let server: Server;
  let endpoint: { id: string; secret: string };
  let admin: WorkosTwinAdmin;

  beforeEach(async () => {
    received.length = 0;
    answers = () => 200;
    server = createServer(async (request, reply) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      received.push({ body, signature: String(request.headers["workos-signature"]) });
      reply.statusCode = await answers(received.length - 1);
      reply.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    admin = new WorkosTwinAdmin(target.twin ?? { url: "", adminToken: "" });
    endpoint = await target.sdk.webhooks.createWebhookEndpoint({
      endpointUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      events: ["organization.created", "user.created"],
    });
  });
  afterEach(async () => {
    await admin.resetWebhooks();
    await target.sdk.webhooks.deleteWebhookEndpoint({ id: endpoint.id });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test("carry the event of the list, signed so that the SDK takes it, and only with the endpoint's secret", async () => {
    const { events, organizations, webhooks } = target.sdk;
    const { id: organizationId } = await organizations.createOrganization({ name: "Sol" });
    await admin.flushWebhooks();

    const [{ body, signature }] = received as [Received];
    expect(checkEvent(JSON.parse(body))).toEqual([]);
    const event = await webhooks.constructEvent({ payload: body, sigHeader: signature, secret: endpoint.secret });
    expect(event).toEqual((await events.listEvents({ events: ["organization.created"], organizationId })).data[0]);
    await expect(webhooks.constructEvent({ payload: body, sigHeader: signature, secret: "whsec_other" })).rejects.toThrow("Signature hash");
    await expect(webhooks.constructEvent({ payload: `${body} `, sigHeader: signature, secret: endpoint.secret })).rejects.toThrow();
    const late = { payload: body, sigHeader: signature, secret: endpoint.secret, tolerance: -60_000 };
    await expect(webhooks.constructEvent(late)).rejects.toThrow("tolerance");
  });

  test("come only for what was subscribed, and not to a disabled endpoint", async () => {
    const { organizations, webhooks } = target.sdk;
    const { id } = await organizations.createOrganization({ name: "Sol" });
    await organizations.deleteOrganization(id);
    await admin.flushWebhooks();
    expect(names()).toEqual(["organization.created"]);

    await webhooks.updateWebhookEndpoint({ id: endpoint.id, status: "disabled" });
    await organizations.createOrganization({ name: "Lua" });
    await admin.flushWebhooks();
    expect(received).toHaveLength(1);
  });

  test("are tried again until they are taken, and given up after six retries", async () => {
    answers = (index) => (index < 2 ? 500 : 204);
    await organization("A");
    const attempts = async () => (await admin.deliveries()).at(-1)?.attempts.length;
    await expect.poll(attempts, SOON).toBe(1);
    await admin.advanceClock(60);
    await expect.poll(attempts, SOON).toBe(2);
    await admin.advanceClock(600);
    await expect.poll(async () => (await admin.deliveries()).at(-1)?.state, SOON).toBe("delivered");
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);

    answers = () => 503;
    await organization("B");
    for (let attempt = 0; attempt < 10; attempt++) await admin.flushWebhooks();
    expect((await admin.deliveries()).at(-1)).toMatchObject({ state: "given_up", attempts: Array(7).fill(503) });
  });

  test("wait while paused, and go on after", async () => {
    await admin.setWebhooks({ paused: true });
    await organization("A");
    await organization("B");
    expect(received).toHaveLength(0);
    await admin.setWebhooks({ paused: false });
    await expect.poll(() => order(), SOON).toBe("AB");
  });

  test("are dropped, doubled and shuffled as the seed says", async () => {
    const run = async (seed: number): Promise<string> => {
      received.length = 0;
      await admin.setWebhooks({ paused: true, dropRate: 0.2, duplicateRate: 0.3, shuffleOf: 100, seed });
      for (const name of "ABCDEFGHIJ") await organization(name);
      await admin.flushWebhooks();
      return order();
    };
    const first = await run(7);

    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
    const letters = [...first];
    expect(new Set(letters).size).toBeLessThan(10); // some are missing
    expect(new Set(letters).size).toBeLessThan(letters.length); // some came twice
    expect([...letters].sort()).not.toEqual(letters); // not in order
  });

  test("are late by up to what is asked for", async () => {
    await admin.setWebhooks({ longestDelayMs: 60_000, seed: 3 });
    for (const name of "ABCDE") await organization(name);
    expect(received).toHaveLength(0);
    await admin.advanceClock(60);
    await expect.poll(() => received.length, SOON).toBe(5);
    expect(order()).not.toBe("ABCDE");
  });

  test("come one at a time, or as many as asked for", async () => {
    let highest = 0;
    /** Answers so many at a time: each waits until the others are there. */
    const answerTogether = (wanted: number): void => {
      const waiting: (() => void)[] = [];
      highest = 0;
      answers = async () => {
        const turn = new Promise<void>((resolve) => waiting.push(resolve));
        highest = Math.max(highest, waiting.length);
        if (waiting.length === wanted) for (const go of waiting.splice(0)) go();
        await turn;
        return 200;
      };
    };
    for (const [atOnce, resumed] of [
      [1, false],
      [3, false],
      [3, true],
    ] as const) {
      received.length = 0;
      await admin.setWebhooks({ atOnce, paused: true });
      answerTogether(atOnce);
      for (const name of "ABCDEF") await organization(name);
      if (resumed) await admin.setWebhooks({ paused: false });
      else await admin.flushWebhooks();
      await expect.poll(() => received.length, SOON).toBe(6);
      expect(highest).toBe(atOnce);
    }
  });

  test("can be asked for once more", async () => {
    await organization("A");
    await admin.flushWebhooks();
    const { id } = JSON.parse(received[0]?.body ?? "") as { id: string };
    expect(await admin.resendWebhook(id)).toBe(1);
    await expect.poll(() => received.length, SOON).toBe(2);
    await expect(admin.resendWebhook("event_none")).rejects.toThrow("404");
  });

  test("a switch nobody knows is refused", async () => {
    await expect(admin.setWebhooks({ speed: 3 } as never)).rejects.toThrow("422");
    await expect(admin.setWebhooks({ dropRate: 2 })).rejects.toThrow("422");
  });

  function names(): string[] {
    return received.map(({ body }) => (JSON.parse(body) as { event: string }).event);
  }

  function order(): string {
    return received.map(({ body }) => (JSON.parse(body) as { data: { name: string } }).data.name).join("");
  }

  function organization(name: string): Promise<unknown> {
    return target.sdk.organizations.createOrganization({ name });
  }
});
