/**
 * What docs/who-sees-what.md calls confidential, by table: whom somebody is, what ails them, what they pay with. No role of the application may select
 * such a column. Written after the document, not after the schema.
 */
export const CONFIDENTIAL: Readonly<Record<string, readonly string[]>> = {
  organizations: ["name"],
  invitations: ["email"],
  users: words("email username first_name last_name image_url legacy_email legacy_first_name legacy_last_name legacy_image_url"),
  user_emails: ["email"],
  billing_accounts: words("stripe_customer_id subscription_id"),
  payout_accounts: words("stripe_connect_account_id stripe_bank_account_last4 stripe_bank_name"),
  identity_verifications: ["stripe_identity_verification_id"],
  blocked_dates: ["reason"],
  meetings: words("guest_email guest_name guest_phone guest_notes meeting_url"),
  meeting_payments: words(
    `stripe_payment_intent_id stripe_session_id stripe_amount stripe_application_fee_amount stripe_application_fee_id stripe_refund_id stripe_metadata
     stripe_transfer_id stripe_transfer_amount stripe_payout_id stripe_payout_amount stripe_payout_failure_code stripe_payout_failure_message`,
  ),
  payment_transfers: words(
    `payment_intent_id checkout_session_id expert_connect_account_id amount platform_fee transfer_id payout_id stripe_error_code stripe_error_message
     admin_notes guest_name guest_email guest_phone`,
  ),
  records: words("guest_email encrypted_content encrypted_metadata"),
  slot_reservations: words("guest_email stripe_payment_intent_id stripe_session_id"),
  pack_purchases: words(
    `buyer_email buyer_name buyer_phone stripe_customer_id stripe_session_id stripe_payment_intent_id stripe_coupon_id stripe_promotion_code_id
     gross_amount platform_fee net_amount promotion_code`,
  ),
};

function words(text: string): string[] {
  return text.split(/\s+/);
}
