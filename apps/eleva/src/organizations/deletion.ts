import { type DeletionParts, deleteOrganization } from "@rehome/tenancy";

/**
 * Carries the deletion of an organization of Eleva to its end, once its owner has asked for it (requestDeletion). Call it again after a crash.
 *
 * Transfers to experts repeat the patient's name and address and name no organization of the patient, only the meeting: they are cleaned first,
 * while the meeting still says whose it was.
 *
 * @throws OrganizationError see deleteOrganization
 */
export function deleteElevaOrganization(parts: Omit<DeletionParts, "sync">, orgId: string): Promise<void> {
  return deleteOrganization(parts, orgId, {
    async archive(query, id) {
      await query(
        `update public.payment_transfers set guest_name = null, guest_email = null, guest_phone = null
          where event_id in (select m.id::text from public.meetings m where m.patient_org_id = $1)`,
        [id],
      );
    },
  });
}
