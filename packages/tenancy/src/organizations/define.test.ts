import { describe, expect, test } from "vitest";
import { defineOrganizations, featureRows, hasFeature } from "./define.ts";
import { eleva } from "./testing/definition.ts";

describe("the matrix of features (R52)", () => {
  test("four types, five tiers", () => {
    expect(Object.keys(eleva.types)).toEqual(["patient_personal", "expert_individual", "clinic", "educational_institution"]);
    expect(eleva.tiers).toEqual(["free", "starter", "professional", "clinic", "enterprise"]);
  });

  test.each([
    ["patient_personal", "free", ["book_meetings", "own_records"]],
    ["expert_individual", "free", ["book_meetings", "offer_services", "calendar"]],
    ["expert_individual", "starter", ["book_meetings", "offer_services", "session_packs", "calendar"]],
    ["expert_individual", "professional", ["book_meetings", "offer_services", "session_packs", "calendar", "audit_export"]],
    [
      "clinic",
      "clinic",
      ["book_meetings", "offer_services", "session_packs", "calendar", "invite_members", "shared_schedule", "audit_export"],
    ],
    ["educational_institution", "enterprise", ["book_meetings", "invite_members", "single_sign_on", "audit_export"]],
  ] as const)("%s on %s", (type, tier, features) => {
    expect(Object.keys(eleva.features).filter((feature) => hasFeature(eleva, { type, tier }, feature as "calendar"))).toEqual(features);
    expect(
      featureRows(eleva)
        .filter((row) => row.type === type && row.tier === tier)
        .map((row) => row.feature),
    ).toEqual(features);
  });

  test("a tier that a type never has gives nothing", () => {
    expect(hasFeature(eleva, { type: "patient_personal", tier: "enterprise" }, "book_meetings")).toBe(false);
  });
});

describe("a definition that contradicts itself is refused, and says where", () => {
  const base = {
    tiers: ["free"],
    types: { solo: { members: "one", personal: true, tiers: ["free"] } },
    features: {},
    permissions: ["notes:read"],
    roles: { owner: ["*"], member: ["notes:*"] },
    ownerRole: "owner",
    formerOwnerRole: "member",
  } as const;
  test.each([
    [{ types: { solo: { members: "one", tiers: ["free"] } } }, "0 types are personal, and one is to be"],
    [
      { types: { solo: { members: "one", personal: true, tiers: ["free"] }, own: { members: "one", personal: true, tiers: ["free"] } } },
      "2 types are personal, and one is to be",
    ],
    [{ types: { solo: { members: "many", personal: true, tiers: ["free"] } } }, "type solo is personal and has many members"],
    [
      {
        types: { solo: { members: "one", personal: true, tiers: ["free"], becomes: ["team"] }, team: { members: "many", tiers: ["free"] } },
      },
      "type solo is personal and becomes team",
    ],
    [
      {
        types: { solo: { members: "one", personal: true, tiers: ["free"] }, team: { members: "many", tiers: ["free"], becomes: ["solo"] } },
      },
      "type team becomes solo, which is personal",
    ],
    [{ types: { solo: { members: "one", tiers: ["paid"] } } }, "type solo names the unknown tier paid"],
    [{ types: { solo: { members: "one", tiers: ["free"], becomes: ["team"] } } }, "type solo becomes the unknown type team"],
    [{ features: { notes: { team: "free" } } }, "feature notes names the unknown type team"],
    [{ tiers: ["free", "paid"], features: { notes: { solo: "paid" } } }, "feature notes begins with tier paid, which type solo never has"],
    [{ permissions: ["Notes"] }, "permission Notes is not of the form resource:action"],
    [{ roles: { owner: ["*"], member: ["note:*"] } }, "role member names note:*, which is no permission"],
    [{ ownerRole: "boss" }, "role boss is not declared"],
    [{ formerOwnerRole: "owner" }, "ownerRole and formerOwnerRole are the same"],
    [{ defaultType: "team" }, "defaultType team is not declared"],
  ])("%j", (wrong, what) => {
    expect(() => defineOrganizations({ ...base, ...(wrong as object) } as never)).toThrow(
      expect.objectContaining({ code: "bad_definition", message: `The definition of organizations contradicts itself: ${what}.` }),
    );
  });
});
