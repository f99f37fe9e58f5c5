import { expect, test } from "vitest";
import { checkReply } from "./check-reply.ts";
import { checkedFetch } from "./target.ts";

const USER = {
  object: "user",
  id: "user_1",
  email: "ana@example.com",
  email_verified: true,
  first_name: null,
  last_name: null,
  profile_picture_url: null,
  external_id: null,
  last_sign_in_at: null,
  created_at: "2026-11-24T08:00:00.000Z",
  updated_at: "2026-11-24T08:00:00.000Z",
};
const ORGANIZATION = {
  object: "organization",
  id: "org_1",
  name: "Sol",
  domains: [],
  metadata: {},
  external_id: null,
  created_at: USER.created_at,
  updated_at: USER.updated_at,
};

function findings(method: string, path: string, status: number, body: unknown): string[] {
  return checkReply({ method, path, status, text: typeof body === "string" ? body : JSON.stringify(body) });
}

test("a reply that fits has no finding", () => {
  expect(findings("GET", "/user_management/users/user_1", 200, USER)).toEqual([]);
  expect(findings("GET", "/user_management/users/external_id/x", 200, USER)).toEqual([]);
});

test.each([
  ["a missing field", { ...USER, email_verified: undefined }, "email_verified"],
  ["a field of a wrong type", { ...USER, email_verified: "yes" }, "/email_verified"],
  ["a date that is none", { ...USER, created_at: "yesterday" }, "/created_at"],
  ["a field nobody described", { ...USER, password_hash: "x" }, "password_hash"],
])("%s is found", (_, body, named) => {
  const found = findings("GET", "/user_management/users/user_1", 200, body);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(named);
});

test("a field nobody described is found deep inside too", () => {
  const list = { object: "list", data: [{ ...USER, secret: "x" }], list_metadata: { before: null, after: null } };
  expect(findings("GET", "/user_management/users", 200, list)[0]).toContain("/data/0");
});

test("an allowance lets its own field pass and no other", () => {
  expect(findings("GET", "/user_management/users/user_1", 200, { ...USER, name: "Ana" })).toEqual([]);
  expect(findings("GET", "/user_management/users/user_1", 200, { ...USER, nickname: "Ana" })).toHaveLength(1);
  expect(findings("GET", "/organizations/org_1", 200, ORGANIZATION)).toEqual([]);
  expect(findings("GET", "/organizations/org_1", 200, { ...ORGANIZATION, name: undefined })[0]).toContain("name");
});

test("an error code the operation does not know is found", () => {
  const known = {
    code: "user_creation_error",
    message: "Could not create user.",
    errors: [{ code: "email_not_available", message: "Taken." }],
  };
  expect(findings("POST", "/user_management/users", 400, known)).toEqual([]);
  expect(findings("POST", "/user_management/users", 400, { ...known, code: "email_taken" })).not.toEqual([]);
});

test("an operation or a status nobody described is found, and so is a body that is no JSON", () => {
  expect(findings("GET", "/user_management/phones", 200, {})).toEqual([
    "GET /user_management/phones 200: the description has no such operation",
  ]);
  expect(findings("PATCH", "/user_management/users/user_1", 200, USER)).toHaveLength(1);
  expect(findings("GET", "/user_management/users/user_1", 302, "")).toHaveLength(1);
  expect(findings("GET", "/user_management/users/user_1", 200, "<html>")).toHaveLength(1);
  expect(findings("DELETE", "/user_management/users/user_1", 200, "surprise")).toHaveLength(1);
});

test("what is found never quotes the reply", () => {
  expect(findings("GET", "/user_management/users/user_1", 200, { ...USER, id: 4_711_815, email: ["ana@example.com"] }).join()).not.toMatch(
    /ana@|4711815/,
  );
});

test("no reply that goes through the suite's fetch escapes", async () => {
  const replies = { checked: 0, findings: [] as string[] };
  const wrong = `data:application/json,${encodeURIComponent(JSON.stringify({ ok: true }))}`;
  await checkedFetch(replies)(wrong);
  expect(replies).toMatchObject({ checked: 1, findings: [expect.stringContaining("no such operation")] });
});

test("an event is held against the description of its kind", () => {
  const event = { object: "event", id: "event_1", event: "user.created", data: USER, created_at: USER.created_at, context: {} };
  const list = (one: unknown) => findings("GET", "/events", 200, { object: "list", data: [one], list_metadata: { after: null } });

  expect(list(event)).toEqual([]);
  expect(list({ ...event, event: "user.sneezed" })).toEqual(["event user.sneezed: the description has no such event"]);
  expect(list({ ...event, event: "organization.created" })).toContain(
    "event organization.created: /data must NOT have unevaluated properties (email)",
  );
  expect(list({ ...event, data: { ...USER, password: "x" } })).toEqual([
    "event user.created: /data must NOT have unevaluated properties (password)",
  ]);
  expect(list({ ...event, id: undefined })).toEqual(["event user.created: / must have required property 'id' (id)"]);
});
