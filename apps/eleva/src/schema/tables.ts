import { categories, profileStanding, profiles, serviceStripe, services } from "./catalog.ts";
import { meetingPayments, meetings } from "./meetings.ts";
import { guests, invitations, memberships, organizations } from "./organizations.ts";
import { packPurchases, sessionPackStripe, sessionPacks } from "./packs.ts";
import { paymentTransfers } from "./payments.ts";
import { stripeProcessedEvents } from "./platform.ts";
import { recordShares, records } from "./records.ts";
import { slotReservations } from "./reservations.ts";
import { blockedDates, scheduleAvailabilities, schedules, schedulingSettings } from "./schedules.ts";
import { billingAccounts, expertSetup, identityVerifications, payoutAccounts, platformRoles, userEmails, users } from "./users.ts";

/** All tables, for Drizzle's client: `drizzle(client, { schema })`. */
export const schema = {
  billingAccounts,
  blockedDates,
  categories,
  expertSetup,
  guests,
  identityVerifications,
  invitations,
  meetingPayments,
  meetings,
  memberships,
  organizations,
  packPurchases,
  paymentTransfers,
  payoutAccounts,
  platformRoles,
  profileStanding,
  profiles,
  recordShares,
  records,
  scheduleAvailabilities,
  schedules,
  schedulingSettings,
  serviceStripe,
  services,
  sessionPackStripe,
  sessionPacks,
  slotReservations,
  stripeProcessedEvents,
  userEmails,
  users,
};
