import { randomBytes } from "node:crypto";
import type { Hono } from "hono";
import { type Body, optionalTexts, readBody, requiredText } from "./body.ts";
import type { Deliveries } from "./deliveries.ts";
import { ApiError, conflict, notFound, unprocessable } from "./errors.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { stamp, touch, type WebhookEndpoint } from "./state.ts";
import { WEBHOOK_EVENTS } from "./webhook-events.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** `/webhook_endpoints`: who is told of which events. The secret signs what is sent there. */
export function addWebhookRoutes(app: Hono, deliveries: Deliveries): void {
  const { endpoints } = deliveries;

  app.post("/webhook_endpoints", async (c) => {
    const body = await readBody(c);
    const endpoint: WebhookEndpoint = {
      ...stamp("we"),
      endpoint_url: readUrl(body),
      secret: `whsec_${randomBytes(19).toString("base64url").slice(0, 25)}`,
      status: "enabled",
      events: readEvents(body) ?? [],
    };
    if (endpoint.events.length === 0) throw unknownEvents();
    refuseTaken(endpoints.all(), endpoint);
    endpoints.add(endpoint);
    return c.json(endpointWire(endpoint), 201);
  });

  app.get("/webhook_endpoints", (c) =>
    c.json(
      paginate(
        endpoints.all(),
        readPageQuery((name) => c.req.query(name)),
        endpointWire,
      ),
    ),
  );

  app.patch("/webhook_endpoints/:id", async (c) => {
    const body = await readBody(c);
    const endpoint = find(c.req.param("id"));
    const url = body["endpoint_url"] === undefined ? endpoint.endpoint_url : readUrl(body);
    const status = body["status"] ?? endpoint.status;
    const events = readEvents(body) ?? endpoint.events;
    if (status !== "enabled" && status !== "disabled") throw unprocessable("status", "must be enabled or disabled");
    refuseTaken(endpoints.all(), { ...endpoint, endpoint_url: url });
    Object.assign(endpoint, { endpoint_url: url, status, events });
    touch(endpoint);
    return c.json(endpointWire(endpoint));
  });

  app.delete("/webhook_endpoints/:id", (c) => {
    endpoints.delete(find(c.req.param("id")).id);
    return c.body(null, 204);
  });

  function find(id: string): WebhookEndpoint {
    const endpoint = endpoints.get(id);
    if (!endpoint) throw notFound("Webhook endpoint", id);
    return endpoint;
  }
}

function endpointWire(endpoint: WebhookEndpoint): Record<string, unknown> {
  return {
    object: "webhook_endpoint",
    id: endpoint.id,
    endpoint_url: endpoint.endpoint_url,
    secret: endpoint.secret,
    status: endpoint.status,
    events: endpoint.events,
    created_at: endpoint.created_at,
    updated_at: endpoint.updated_at,
  };
}

/** The service takes HTTPS only; the twin also takes plain HTTP to this machine. */
function readUrl(body: Body): string {
  const text = requiredText(body, "endpoint_url");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.includes(url.hostname))) return text;
  throw new ApiError(422, { code: "invalid_url", message: "The endpoint URL must be an HTTPS URL." });
}

function readEvents(body: Body): string[] | undefined {
  const events = optionalTexts(body, "events");
  if (events?.some((name) => !WEBHOOK_EVENTS.has(name))) throw unknownEvents();
  return events && [...new Set(events)];
}

function unknownEvents(): ApiError {
  const errors = [{ code: "unknown_event_type", message: "Invalid enum value." }];
  return new ApiError(422, { code: "invalid_request_parameters", message: "Validation failed.", errors });
}

function refuseTaken(endpoints: readonly WebhookEndpoint[], wanted: WebhookEndpoint): void {
  if (endpoints.some((one) => one.id !== wanted.id && one.endpoint_url === wanted.endpoint_url)) {
    throw conflict("duplicate_endpoint", "A webhook endpoint with this URL already exists.");
  }
}
