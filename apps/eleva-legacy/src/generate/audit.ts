import type { Row } from "../world.ts";
import { fromNaive, HOUR_MS, naive } from "./clock.ts";
import type { Draft } from "./draft.ts";
import type { Random } from "./random.ts";
import { nextSerial } from "./schedules.ts";

const AGENTS = [
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
  "Mozilla/5.0 (X11; Linux x86_64)",
  null,
] as const;

/** About six rows a meeting in the audit database; addresses and notes stand in them in clear. */
export function addAudit(random: Random, draft: Draft): void {
  const recorded = new Map(draft.tables.records.map((record) => [record["meeting_id"] as string, record]));
  for (const meeting of draft.tables.meetings) {
    const created = fromNaive(meeting["createdAt"] as string);
    add(random, draft, meeting, "MEETING_CREATED", "meeting", created, {
      id: meeting["id"],
      expertId: meeting["clerkUserId"],
      guestEmail: meeting["guestEmail"],
      guestNotes: meeting["guestNotes"],
      startTime: meeting["startTime"],
    });
    const record = recorded.get(meeting["id"] as string);
    if (record) {
      const written = fromNaive(record["created_at"] as string);
      add(random, draft, meeting, "MEDICAL_RECORD_CREATED", "medical_record", written, {
        recordId: record["id"],
        meetingId: meeting["id"],
      });
    }
    const reads = record ? random.int(3, 8) : random.int(2, 5);
    for (let i = 0; i < reads; i++) {
      const at = Math.min(draft.now, Math.max(created, fromNaive(meeting["endTime"] as string)) + random.int(1, 400) * HOUR_MS);
      add(random, draft, meeting, "READ_MEDICAL_RECORDS_FOR_MEETING", "medical_record", at, { count: record ? 1 : 0 });
    }
  }
}

function add(random: Random, draft: Draft, meeting: Row, action: string, resource: string, at: number, values: object): void {
  draft.auditLogs.push({
    id: nextSerial(random, draft.auditLogs),
    clerkUserId: random.chance(0.01) ? "unknown" : (meeting["clerkUserId"] as string),
    action,
    resource_type: resource,
    resource_id: random.chance(0.02) ? null : (meeting["id"] as string),
    old_values: null,
    new_values: JSON.stringify(values),
    ip_address: address(random),
    user_agent: random.pick(AGENTS),
    created_at: naive(at),
  });
}

/** `x-forwarded-for` as it came: one address, or a list of as many as fit in 45 characters. */
function address(random: Random): string | null {
  const one = () => `${random.int(1, 223)}.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(1, 254)}`;
  const draw = random.unit();
  if (draw < 0.8) return one();
  if (draw < 0.9) return `${one()}, ${one()}`;
  if (draw < 0.95) return `2a02:${random.hex(2)}::${random.hex(2)}`;
  return draw < 0.98 ? "unknown" : null;
}
