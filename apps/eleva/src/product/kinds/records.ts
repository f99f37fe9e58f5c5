import { type Act, asPerson, encrypted, fixed } from "../scene.ts";
import { insert } from "../statement.ts";

/** Only an expert with a row in legacy's `users` can: legacy's records reference it. */
export const writeRecord: Act = (scene) => {
  const { draw, shop, now } = scene;
  const meeting = draw.pick(shop.meetings.filter((candidate) => candidate.owner.hasLegacyRow));
  if (!meeting) return undefined;
  const { owner } = meeting;
  const both = {
    ...{ id: draw.uuid(), meeting_id: meeting.id, guest_email: meeting.guestEmail, version: 1 },
    encrypted_content: encrypted(scene, `Nota de evolução ${draw.hex(8)}: sem alterações.`),
    encrypted_metadata: draw.chance(0.5) ? encrypted(scene, '{"tags":["follow-up"]}') : null,
  };
  shop.records.push({ id: both.id, owner });
  const target = { org_id: owner.orgId, patient_org_id: meeting.patientOrg, expert_user_id: owner.workosUserId };
  return [
    {
      as: asPerson(owner),
      target: [insert("records", { ...both, ...target, last_modified_at: now.target, created_at: now.target })],
      legacy: fixed(insert("records", { ...both, expert_id: owner.legacyUserId, last_modified_at: now.legacy, created_at: now.legacy })),
    },
  ];
};

/** A save overwrites; the version counts on. */
export const saveRecord: Act = (scene) => {
  const record = scene.draw.pick(scene.shop.records);
  if (!record) return undefined;
  const content = encrypted(scene, `Nota revista ${scene.draw.hex(8)} 🌿`);
  const text = "update records set encrypted_content = $2, version = version + 1, last_modified_at = $3 where id = $1";
  return [
    {
      as: asPerson(record.owner),
      target: [{ text, params: [record.id, content, scene.now.target] }],
      legacy: fixed({ text, params: [record.id, content, scene.now.legacy] }),
    },
  ];
};
