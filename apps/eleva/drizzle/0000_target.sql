CREATE TYPE "public"."day" AS ENUM('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday');--> statement-breakpoint
CREATE TYPE "public"."membership_status" AS ENUM('active', 'invited', 'suspended');--> statement-breakpoint
CREATE TYPE "public"."organization_tier" AS ENUM('free', 'starter', 'professional', 'clinic', 'enterprise');--> statement-breakpoint
CREATE TYPE "public"."organization_type" AS ENUM('patient_personal', 'expert_individual', 'clinic', 'educational_institution');--> statement-breakpoint
CREATE TYPE "public"."pack_purchase_status" AS ENUM('active', 'fully_redeemed', 'expired', 'cancelled');--> statement-breakpoint
CREATE TYPE "public"."payment_transfer_status_enum" AS ENUM('PENDING', 'APPROVED', 'READY', 'COMPLETED', 'FAILED', 'REFUNDED', 'DISPUTED', 'PAID_OUT');--> statement-breakpoint
CREATE TYPE "public"."subscription_status" AS ENUM('active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'trialing', 'unpaid');--> statement-breakpoint
CREATE TABLE "categories" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"image" text,
	"parent_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "categories_name_unique" UNIQUE("name")
);
--> statement-breakpoint
ALTER TABLE "categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "profile_standing" (
	"profile_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"is_verified" boolean DEFAULT false NOT NULL,
	"is_top_expert" boolean DEFAULT false NOT NULL,
	"display_order" integer DEFAULT 0 NOT NULL,
	"practitioner_agreement_accepted_at" timestamp with time zone,
	"practitioner_agreement_version" text,
	"practitioner_agreement_ip_address" text
);
--> statement-breakpoint
ALTER TABLE "profile_standing" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "profiles" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"profile_picture" text,
	"first_name" text NOT NULL,
	"last_name" text NOT NULL,
	"headline" text,
	"short_bio" text,
	"long_bio" text,
	"primary_category_id" uuid,
	"secondary_category_id" uuid,
	"social_links" json,
	"published" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "profiles_workos_user_id_unique" UNIQUE("workos_user_id")
);
--> statement-breakpoint
ALTER TABLE "profiles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "service_stripe" (
	"service_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"stripe_product_id" text,
	"stripe_price_id" text
);
--> statement-breakpoint
ALTER TABLE "service_stripe" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "services" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"description" text,
	"duration_minutes" integer NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"display_order" integer DEFAULT 0 NOT NULL,
	"price_cents" integer DEFAULT 0 NOT NULL,
	"currency" text DEFAULT 'eur' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "services" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "meeting_payments" (
	"meeting_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"patient_org_id" text NOT NULL,
	"stripe_payment_intent_id" text,
	"stripe_session_id" text,
	"stripe_payment_status" text DEFAULT 'pending',
	"stripe_amount" integer,
	"stripe_application_fee_amount" integer,
	"stripe_application_fee_id" text,
	"stripe_refund_id" text,
	"stripe_metadata" json,
	"stripe_transfer_id" text,
	"stripe_transfer_amount" integer,
	"stripe_transfer_status" text DEFAULT 'pending',
	"stripe_transfer_scheduled_at" timestamp with time zone,
	"stripe_payout_id" text,
	"stripe_payout_amount" integer,
	"stripe_payout_failure_code" text,
	"stripe_payout_failure_message" text,
	"stripe_payout_paid_at" timestamp with time zone,
	"last_processed_at" timestamp with time zone,
	CONSTRAINT "meeting_payments_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "meeting_payments_stripe_session_id_unique" UNIQUE("stripe_session_id"),
	CONSTRAINT "meeting_payments_stripe_application_fee_id_unique" UNIQUE("stripe_application_fee_id"),
	CONSTRAINT "meeting_payments_stripe_refund_id_unique" UNIQUE("stripe_refund_id"),
	CONSTRAINT "meeting_payments_stripe_transfer_id_unique" UNIQUE("stripe_transfer_id"),
	CONSTRAINT "meeting_payments_stripe_payout_id_unique" UNIQUE("stripe_payout_id")
);
--> statement-breakpoint
ALTER TABLE "meeting_payments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "meetings" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"patient_org_id" text NOT NULL,
	"service_id" uuid NOT NULL,
	"expert_user_id" text NOT NULL,
	"guest_email" text NOT NULL,
	"guest_name" text NOT NULL,
	"guest_phone" text,
	"guest_notes" text,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"timezone" text NOT NULL,
	"meeting_url" text,
	"calendar_creation_claimed" boolean DEFAULT false NOT NULL,
	"imported" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "meetings_end_after_start" CHECK ("meetings"."imported" or "meetings"."ends_at" > "meetings"."starts_at")
);
--> statement-breakpoint
ALTER TABLE "meetings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "guests" (
	"org_id" text PRIMARY KEY NOT NULL,
	"email_key" text NOT NULL,
	"email" text NOT NULL,
	"name" text,
	CONSTRAINT "guests_email_key_unique" UNIQUE("email_key")
);
--> statement-breakpoint
ALTER TABLE "guests" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "memberships" (
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"id" text NOT NULL,
	"role_slug" text NOT NULL,
	"permissions" text[] DEFAULT '{}' NOT NULL,
	"status" "membership_status" NOT NULL,
	CONSTRAINT "memberships_org_id_workos_user_id_pk" PRIMARY KEY("org_id","workos_user_id"),
	CONSTRAINT "memberships_id_unique" UNIQUE("id")
);
--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" text PRIMARY KEY NOT NULL,
	"type" "organization_type" NOT NULL,
	"tier" "organization_tier" DEFAULT 'free' NOT NULL,
	"name" text,
	"claimed" boolean DEFAULT true NOT NULL,
	"features" json,
	"slug" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organizations_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "pack_purchases" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"buyer_org_id" text NOT NULL,
	"pack_id" uuid NOT NULL,
	"expert_user_id" text,
	"buyer_email" text NOT NULL,
	"buyer_name" text,
	"buyer_phone" text,
	"pack_name_snapshot" text,
	"service_name_snapshot" text,
	"stripe_customer_id" text,
	"stripe_session_id" text,
	"stripe_payment_intent_id" text,
	"stripe_coupon_id" text,
	"stripe_promotion_code_id" text,
	"currency" text,
	"gross_amount" integer,
	"platform_fee" integer,
	"net_amount" integer,
	"promotion_code" text NOT NULL,
	"max_redemptions" integer NOT NULL,
	"redemptions_used" integer DEFAULT 0 NOT NULL,
	"expires_at" timestamp with time zone,
	"status" "pack_purchase_status" DEFAULT 'active' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pack_purchases_stripe_session_id_unique" UNIQUE("stripe_session_id"),
	CONSTRAINT "pack_purchases_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "pack_purchases_promotion_code_unique" UNIQUE("promotion_code")
);
--> statement-breakpoint
ALTER TABLE "pack_purchases" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "session_pack_stripe" (
	"pack_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"stripe_product_id" text,
	"stripe_price_id" text
);
--> statement-breakpoint
ALTER TABLE "session_pack_stripe" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "session_packs" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"service_id" uuid NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"sessions_count" integer NOT NULL,
	"price_cents" integer NOT NULL,
	"currency" text DEFAULT 'eur' NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"expiration_days" integer DEFAULT 180,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "session_packs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payment_transfers" (
	"id" integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "payment_transfers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"org_id" text NOT NULL,
	"expert_user_id" text NOT NULL,
	"payment_intent_id" text NOT NULL,
	"checkout_session_id" text NOT NULL,
	"event_id" text NOT NULL,
	"expert_connect_account_id" text NOT NULL,
	"amount" integer NOT NULL,
	"currency" text DEFAULT 'eur' NOT NULL,
	"platform_fee" integer NOT NULL,
	"session_start_time" timestamp with time zone NOT NULL,
	"scheduled_transfer_time" timestamp with time zone NOT NULL,
	"status" "payment_transfer_status_enum" DEFAULT 'PENDING' NOT NULL,
	"transfer_id" text,
	"payout_id" text,
	"stripe_error_code" text,
	"stripe_error_message" text,
	"retry_count" integer DEFAULT 0,
	"requires_approval" boolean DEFAULT false,
	"admin_user_id" text,
	"admin_notes" text,
	"notified_at" timestamp with time zone,
	"guest_name" text,
	"guest_email" text,
	"guest_phone" text,
	"service_name" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_transfers_payment_intent_id_unique" UNIQUE("payment_intent_id"),
	CONSTRAINT "payment_transfers_checkout_session_id_unique" UNIQUE("checkout_session_id")
);
--> statement-breakpoint
ALTER TABLE "payment_transfers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "stripe_processed_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"event_type" text NOT NULL,
	"processed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "stripe_processed_events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "record_shares" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"record_id" uuid NOT NULL,
	"org_id" text NOT NULL,
	"grantee_user_id" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "record_shares" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "records" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"patient_org_id" text NOT NULL,
	"meeting_id" uuid NOT NULL,
	"expert_user_id" text NOT NULL,
	"guest_email" text NOT NULL,
	"encrypted_content" text NOT NULL,
	"encrypted_metadata" text,
	"version" integer DEFAULT 1 NOT NULL,
	"last_modified_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "records" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "slot_reservations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"patient_org_id" text NOT NULL,
	"service_id" uuid NOT NULL,
	"expert_user_id" text NOT NULL,
	"guest_email" text NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"stripe_payment_intent_id" text,
	"stripe_session_id" text,
	"gentle_reminder_sent_at" timestamp with time zone,
	"urgent_reminder_sent_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slot_reservations_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "slot_reservations_stripe_session_id_unique" UNIQUE("stripe_session_id"),
	CONSTRAINT "slot_reservations_service_id_starts_at" UNIQUE("service_id","starts_at")
);
--> statement-breakpoint
ALTER TABLE "slot_reservations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "blocked_dates" (
	"id" integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "blocked_dates_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"date" date NOT NULL,
	"timezone" text DEFAULT 'UTC' NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "blocked_dates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "schedule_availabilities" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"schedule_id" uuid NOT NULL,
	"start_time" text NOT NULL,
	"end_time" text NOT NULL,
	"day_of_week" "day" NOT NULL
);
--> statement-breakpoint
ALTER TABLE "schedule_availabilities" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "schedules" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"timezone" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedules_workos_user_id_unique" UNIQUE("workos_user_id")
);
--> statement-breakpoint
ALTER TABLE "schedules" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "scheduling_settings" (
	"id" integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "scheduling_settings_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"before_event_buffer" integer DEFAULT 0 NOT NULL,
	"after_event_buffer" integer DEFAULT 0 NOT NULL,
	"minimum_notice" integer DEFAULT 0 NOT NULL,
	"time_slot_interval" integer DEFAULT 15 NOT NULL,
	"booking_window_days" integer DEFAULT 60 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now(),
	"updated_at" timestamp with time zone DEFAULT now()
);
--> statement-breakpoint
ALTER TABLE "scheduling_settings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "billing_accounts" (
	"user_row_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"stripe_customer_id" text,
	"subscription_id" text,
	"subscription_status" "subscription_status",
	"subscription_price_id" text,
	"subscription_current_period_end" timestamp with time zone,
	"subscription_canceled_at" timestamp with time zone,
	"has_had_subscription" boolean DEFAULT false,
	CONSTRAINT "billing_accounts_stripe_customer_id_unique" UNIQUE("stripe_customer_id")
);
--> statement-breakpoint
ALTER TABLE "billing_accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "expert_setup" (
	"org_id" text NOT NULL,
	"workos_user_id" text PRIMARY KEY NOT NULL,
	"profile" boolean DEFAULT false NOT NULL,
	"availability" boolean DEFAULT false NOT NULL,
	"events" boolean DEFAULT false NOT NULL,
	"identity" boolean DEFAULT false NOT NULL,
	"payment" boolean DEFAULT false NOT NULL,
	"google_account" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE "expert_setup" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "identity_verifications" (
	"user_row_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"stripe_identity_verification_id" text,
	"stripe_identity_verified" boolean DEFAULT false,
	"stripe_identity_verification_status" text,
	"stripe_identity_verification_last_checked" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "identity_verifications" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payout_accounts" (
	"user_row_id" uuid PRIMARY KEY NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"stripe_connect_account_id" text,
	"stripe_connect_details_submitted" boolean DEFAULT false,
	"stripe_connect_charges_enabled" boolean DEFAULT false,
	"stripe_connect_payouts_enabled" boolean DEFAULT false,
	"stripe_connect_onboarding_complete" boolean DEFAULT false,
	"stripe_bank_account_last4" text,
	"stripe_bank_name" text
);
--> statement-breakpoint
ALTER TABLE "payout_accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "platform_roles" (
	"workos_user_id" text NOT NULL,
	"role" text NOT NULL,
	"org_id" text NOT NULL,
	CONSTRAINT "platform_roles_workos_user_id_role_pk" PRIMARY KEY("workos_user_id","role")
);
--> statement-breakpoint
ALTER TABLE "platform_roles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "user_emails" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "user_emails_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"email" text NOT NULL,
	"verified" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE "user_emails" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" text NOT NULL,
	"workos_user_id" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"username" text,
	"first_name" text,
	"last_name" text,
	"image_url" text,
	"country" text,
	"security_preferences" json,
	"legacy_email" text,
	"legacy_first_name" text,
	"legacy_last_name" text,
	"legacy_image_url" text,
	"legacy_country" text,
	"legacy_row" boolean DEFAULT false NOT NULL,
	"welcome_email_sent_at" timestamp with time zone,
	"onboarding_completed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_workos_user_id_unique" UNIQUE("workos_user_id"),
	CONSTRAINT "users_username_unique" UNIQUE("username")
);
--> statement-breakpoint
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "profile_standing" ADD CONSTRAINT "profile_standing_profile_id_profiles_id_fk" FOREIGN KEY ("profile_id") REFERENCES "public"."profiles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profile_standing" ADD CONSTRAINT "profile_standing_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profiles" ADD CONSTRAINT "profiles_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profiles" ADD CONSTRAINT "profiles_primary_category_id_categories_id_fk" FOREIGN KEY ("primary_category_id") REFERENCES "public"."categories"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "profiles" ADD CONSTRAINT "profiles_secondary_category_id_categories_id_fk" FOREIGN KEY ("secondary_category_id") REFERENCES "public"."categories"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_stripe" ADD CONSTRAINT "service_stripe_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_stripe" ADD CONSTRAINT "service_stripe_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meeting_payments" ADD CONSTRAINT "meeting_payments_meeting_id_meetings_id_fk" FOREIGN KEY ("meeting_id") REFERENCES "public"."meetings"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meeting_payments" ADD CONSTRAINT "meeting_payments_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meeting_payments" ADD CONSTRAINT "meeting_payments_patient_org_id_organizations_id_fk" FOREIGN KEY ("patient_org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meetings" ADD CONSTRAINT "meetings_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meetings" ADD CONSTRAINT "meetings_patient_org_id_organizations_id_fk" FOREIGN KEY ("patient_org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "meetings" ADD CONSTRAINT "meetings_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "guests" ADD CONSTRAINT "guests_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pack_purchases" ADD CONSTRAINT "pack_purchases_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pack_purchases" ADD CONSTRAINT "pack_purchases_buyer_org_id_organizations_id_fk" FOREIGN KEY ("buyer_org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pack_purchases" ADD CONSTRAINT "pack_purchases_pack_id_session_packs_id_fk" FOREIGN KEY ("pack_id") REFERENCES "public"."session_packs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_pack_stripe" ADD CONSTRAINT "session_pack_stripe_pack_id_session_packs_id_fk" FOREIGN KEY ("pack_id") REFERENCES "public"."session_packs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_pack_stripe" ADD CONSTRAINT "session_pack_stripe_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_packs" ADD CONSTRAINT "session_packs_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_packs" ADD CONSTRAINT "session_packs_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_transfers" ADD CONSTRAINT "payment_transfers_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "record_shares" ADD CONSTRAINT "record_shares_record_id_records_id_fk" FOREIGN KEY ("record_id") REFERENCES "public"."records"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "record_shares" ADD CONSTRAINT "record_shares_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "records" ADD CONSTRAINT "records_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "records" ADD CONSTRAINT "records_patient_org_id_organizations_id_fk" FOREIGN KEY ("patient_org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "records" ADD CONSTRAINT "records_meeting_id_meetings_id_fk" FOREIGN KEY ("meeting_id") REFERENCES "public"."meetings"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slot_reservations" ADD CONSTRAINT "slot_reservations_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slot_reservations" ADD CONSTRAINT "slot_reservations_patient_org_id_organizations_id_fk" FOREIGN KEY ("patient_org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slot_reservations" ADD CONSTRAINT "slot_reservations_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "blocked_dates" ADD CONSTRAINT "blocked_dates_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule_availabilities" ADD CONSTRAINT "schedule_availabilities_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule_availabilities" ADD CONSTRAINT "schedule_availabilities_schedule_id_schedules_id_fk" FOREIGN KEY ("schedule_id") REFERENCES "public"."schedules"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scheduling_settings" ADD CONSTRAINT "scheduling_settings_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "billing_accounts" ADD CONSTRAINT "billing_accounts_user_row_id_users_id_fk" FOREIGN KEY ("user_row_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "billing_accounts" ADD CONSTRAINT "billing_accounts_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expert_setup" ADD CONSTRAINT "expert_setup_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_verifications" ADD CONSTRAINT "identity_verifications_user_row_id_users_id_fk" FOREIGN KEY ("user_row_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_verifications" ADD CONSTRAINT "identity_verifications_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_accounts" ADD CONSTRAINT "payout_accounts_user_row_id_users_id_fk" FOREIGN KEY ("user_row_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_accounts" ADD CONSTRAINT "payout_accounts_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "platform_roles" ADD CONSTRAINT "platform_roles_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_emails" ADD CONSTRAINT "user_emails_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_org_id_organizations_id_fk" FOREIGN KEY ("org_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "profile_standing_org_id" ON "profile_standing" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "profiles_org_id" ON "profiles" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "profiles_primary_category_id" ON "profiles" USING btree ("primary_category_id");--> statement-breakpoint
CREATE INDEX "profiles_secondary_category_id" ON "profiles" USING btree ("secondary_category_id");--> statement-breakpoint
CREATE INDEX "service_stripe_org_id" ON "service_stripe" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "services_org_id" ON "services" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "services_workos_user_id" ON "services" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "meeting_payments_org_id" ON "meeting_payments" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "meeting_payments_patient_org_id" ON "meeting_payments" USING btree ("patient_org_id");--> statement-breakpoint
CREATE INDEX "meetings_org_id_starts_at" ON "meetings" USING btree ("org_id","starts_at");--> statement-breakpoint
CREATE INDEX "meetings_patient_org_id_starts_at" ON "meetings" USING btree ("patient_org_id","starts_at");--> statement-breakpoint
CREATE INDEX "meetings_expert_user_id_starts_at" ON "meetings" USING btree ("expert_user_id","starts_at");--> statement-breakpoint
CREATE INDEX "meetings_service_id" ON "meetings" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "memberships_workos_user_id" ON "memberships" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "pack_purchases_org_id" ON "pack_purchases" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "pack_purchases_buyer_org_id" ON "pack_purchases" USING btree ("buyer_org_id");--> statement-breakpoint
CREATE INDEX "pack_purchases_pack_id" ON "pack_purchases" USING btree ("pack_id");--> statement-breakpoint
CREATE INDEX "session_pack_stripe_org_id" ON "session_pack_stripe" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "session_packs_org_id" ON "session_packs" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "session_packs_workos_user_id" ON "session_packs" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "session_packs_service_id" ON "session_packs" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "payment_transfers_org_id" ON "payment_transfers" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "payment_transfers_expert_user_id" ON "payment_transfers" USING btree ("expert_user_id");--> statement-breakpoint
CREATE INDEX "payment_transfers_status_scheduled" ON "payment_transfers" USING btree ("status","scheduled_transfer_time");--> statement-breakpoint
CREATE INDEX "record_shares_org_id" ON "record_shares" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "record_shares_record_id" ON "record_shares" USING btree ("record_id");--> statement-breakpoint
CREATE INDEX "record_shares_grantee_user_id" ON "record_shares" USING btree ("grantee_user_id");--> statement-breakpoint
CREATE INDEX "records_org_id" ON "records" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "records_patient_org_id" ON "records" USING btree ("patient_org_id");--> statement-breakpoint
CREATE INDEX "records_expert_user_id" ON "records" USING btree ("expert_user_id");--> statement-breakpoint
CREATE INDEX "records_meeting_id" ON "records" USING btree ("meeting_id");--> statement-breakpoint
CREATE INDEX "slot_reservations_org_id" ON "slot_reservations" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "slot_reservations_patient_org_id" ON "slot_reservations" USING btree ("patient_org_id");--> statement-breakpoint
CREATE INDEX "slot_reservations_expert_user_id_starts_at" ON "slot_reservations" USING btree ("expert_user_id","starts_at");--> statement-breakpoint
CREATE INDEX "slot_reservations_expires_at" ON "slot_reservations" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "blocked_dates_org_id" ON "blocked_dates" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "blocked_dates_workos_user_id_date" ON "blocked_dates" USING btree ("workos_user_id","date");--> statement-breakpoint
CREATE INDEX "schedule_availabilities_org_id" ON "schedule_availabilities" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "schedule_availabilities_schedule_id" ON "schedule_availabilities" USING btree ("schedule_id");--> statement-breakpoint
CREATE INDEX "schedules_org_id" ON "schedules" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "scheduling_settings_org_id" ON "scheduling_settings" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "scheduling_settings_workos_user_id" ON "scheduling_settings" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "billing_accounts_org_id" ON "billing_accounts" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "billing_accounts_workos_user_id" ON "billing_accounts" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "expert_setup_org_id" ON "expert_setup" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "identity_verifications_org_id" ON "identity_verifications" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "identity_verifications_workos_user_id" ON "identity_verifications" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "identity_verifications_verification_id" ON "identity_verifications" USING btree ("stripe_identity_verification_id");--> statement-breakpoint
CREATE INDEX "payout_accounts_org_id" ON "payout_accounts" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "payout_accounts_workos_user_id" ON "payout_accounts" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "payout_accounts_stripe_connect_account_id" ON "payout_accounts" USING btree ("stripe_connect_account_id");--> statement-breakpoint
CREATE INDEX "platform_roles_org_id" ON "platform_roles" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "user_emails_org_id" ON "user_emails" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "user_emails_workos_user_id" ON "user_emails" USING btree ("workos_user_id");--> statement-breakpoint
CREATE INDEX "user_emails_email_key" ON "user_emails" USING btree (lower(regexp_replace(email, '^\s+|\s+$', '', 'g'))) WHERE verified;--> statement-breakpoint
CREATE INDEX "users_org_id" ON "users" USING btree ("org_id");--> statement-breakpoint
CREATE INDEX "users_email_key" ON "users" USING btree (lower(regexp_replace(email, '^\s+|\s+$', '', 'g')));--> statement-breakpoint
CREATE POLICY "categories_select_everyone" ON "categories" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING (true);--> statement-breakpoint
CREATE POLICY "categories_select_job_admin" ON "categories" AS PERMISSIVE FOR SELECT TO "rehome_job_admin" USING (true);--> statement-breakpoint
CREATE POLICY "categories_insert_job_admin" ON "categories" AS PERMISSIVE FOR INSERT TO "rehome_job_admin" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "categories_update_job_admin" ON "categories" AS PERMISSIVE FOR UPDATE TO "rehome_job_admin" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "categories_delete_job_admin" ON "categories" AS PERMISSIVE FOR DELETE TO "rehome_job_admin" USING (true);--> statement-breakpoint
CREATE POLICY "profile_standing_select_with_profile" ON "profile_standing" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING (exists (select from public.profiles p where p.id = "profile_standing"."profile_id"));--> statement-breakpoint
CREATE POLICY "profile_standing_select_job_admin" ON "profile_standing" AS PERMISSIVE FOR SELECT TO "rehome_job_admin" USING (true);--> statement-breakpoint
CREATE POLICY "profile_standing_insert_job_admin" ON "profile_standing" AS PERMISSIVE FOR INSERT TO "rehome_job_admin" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "profile_standing_update_job_admin" ON "profile_standing" AS PERMISSIVE FOR UPDATE TO "rehome_job_admin" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "profiles_select_own_org" ON "profiles" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("profiles"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "profiles_insert_own_org" ON "profiles" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("profiles"."org_id" = (select auth.org_id()) and public.is_own_member("profiles"."workos_user_id"));--> statement-breakpoint
CREATE POLICY "profiles_update_own_org" ON "profiles" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("profiles"."org_id" = (select auth.org_id())) WITH CHECK ("profiles"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "profiles_delete_own_org" ON "profiles" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("profiles"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "profiles_select_published" ON "profiles" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("profiles"."published");--> statement-breakpoint
CREATE POLICY "profiles_select_job_admin" ON "profiles" AS PERMISSIVE FOR SELECT TO "rehome_job_admin" USING (true);--> statement-breakpoint
CREATE POLICY "profiles_select_job_booking" ON "profiles" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "profiles_select_job_setup" ON "profiles" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "profiles_select_fn_busy" ON "profiles" AS PERMISSIVE FOR SELECT TO "rehome_fn_busy" USING (true);--> statement-breakpoint
CREATE POLICY "service_stripe_select_own_org" ON "service_stripe" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("service_stripe"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "service_stripe_select_job_payments" ON "service_stripe" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "service_stripe_insert_job_payments" ON "service_stripe" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "service_stripe_update_job_payments" ON "service_stripe" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "services_select_own_org" ON "services" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("services"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "services_insert_own_org" ON "services" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("services"."org_id" = (select auth.org_id()) and public.is_own_member("services"."workos_user_id"));--> statement-breakpoint
CREATE POLICY "services_update_own_org" ON "services" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("services"."org_id" = (select auth.org_id())) WITH CHECK ("services"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "services_delete_own_org" ON "services" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("services"."org_id" = (select auth.org_id()) and public.service_is_unused("services"."id"));--> statement-breakpoint
CREATE POLICY "services_select_published" ON "services" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("services"."is_active" and exists (select from public.profiles p where p.workos_user_id = "services"."workos_user_id" and p.published));--> statement-breakpoint
CREATE POLICY "services_select_job_booking" ON "services" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "services_select_job_payments" ON "services" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "services_select_job_setup" ON "services" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "services_select_fn_check" ON "services" AS PERMISSIVE FOR SELECT TO "rehome_fn_check" USING (true);--> statement-breakpoint
CREATE POLICY "services_select_fn_receipts" ON "services" AS PERMISSIVE FOR SELECT TO "rehome_fn_receipts" USING (true);--> statement-breakpoint
CREATE POLICY "meeting_payments_select_expert_org" ON "meeting_payments" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("meeting_payments"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "meeting_payments_select_fn_receipts" ON "meeting_payments" AS PERMISSIVE FOR SELECT TO "rehome_fn_receipts" USING ("meeting_payments"."patient_org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "meeting_payments_select_job_payments" ON "meeting_payments" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "meeting_payments_insert_job_payments" ON "meeting_payments" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (exists (select from public.meetings m where m.id = "meeting_payments"."meeting_id" and m.org_id = "meeting_payments"."org_id" and m.patient_org_id = "meeting_payments"."patient_org_id"));--> statement-breakpoint
CREATE POLICY "meeting_payments_update_job_payments" ON "meeting_payments" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (exists (select from public.meetings m where m.id = "meeting_payments"."meeting_id" and m.org_id = "meeting_payments"."org_id" and m.patient_org_id = "meeting_payments"."patient_org_id"));--> statement-breakpoint
CREATE POLICY "meeting_payments_select_job_claim" ON "meeting_payments" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "meeting_payments_update_job_claim" ON "meeting_payments" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (exists (select from public.organizations o where o.id = "meeting_payments"."patient_org_id" and not o.claimed)) WITH CHECK (exists (select from public.organizations o where o.id = "meeting_payments"."patient_org_id" and o.claimed));--> statement-breakpoint
CREATE POLICY "meetings_select_party" ON "meetings" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("meetings"."org_id" = (select auth.org_id()) or "meetings"."patient_org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "meetings_update_expert_org" ON "meetings" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("meetings"."org_id" = (select auth.org_id())) WITH CHECK ("meetings"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "meetings_select_job_booking" ON "meetings" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "meetings_update_job_booking" ON "meetings" AS PERMISSIVE FOR UPDATE TO "rehome_job_booking" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "meetings_insert_job_booking" ON "meetings" AS PERMISSIVE FOR INSERT TO "rehome_job_booking" WITH CHECK (not "meetings"."imported" and exists (select from public.services s where s.id = "meetings"."service_id" and s.org_id = "meetings"."org_id" and s.workos_user_id = "meetings"."expert_user_id"));--> statement-breakpoint
CREATE POLICY "meetings_select_job_claim" ON "meetings" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "meetings_update_job_claim" ON "meetings" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (exists (select from public.organizations o where o.id = "meetings"."patient_org_id" and not o.claimed)) WITH CHECK (exists (select from public.organizations o where o.id = "meetings"."patient_org_id" and o.claimed));--> statement-breakpoint
CREATE POLICY "meetings_select_job_payments" ON "meetings" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "meetings_select_fn_busy" ON "meetings" AS PERMISSIVE FOR SELECT TO "rehome_fn_busy" USING (true);--> statement-breakpoint
CREATE POLICY "meetings_select_fn_check" ON "meetings" AS PERMISSIVE FOR SELECT TO "rehome_fn_check" USING (true);--> statement-breakpoint
CREATE POLICY "meetings_select_fn_receipts" ON "meetings" AS PERMISSIVE FOR SELECT TO "rehome_fn_receipts" USING (true);--> statement-breakpoint
CREATE POLICY "guests_select_job_booking" ON "guests" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "guests_insert_job_booking" ON "guests" AS PERMISSIVE FOR INSERT TO "rehome_job_booking" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "guests_update_job_booking" ON "guests" AS PERMISSIVE FOR UPDATE TO "rehome_job_booking" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "guests_select_job_claim" ON "guests" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "guests_insert_job_claim" ON "guests" AS PERMISSIVE FOR INSERT TO "rehome_job_claim" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "guests_update_job_claim" ON "guests" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "guests_delete_job_claim" ON "guests" AS PERMISSIVE FOR DELETE TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_select_self" ON "memberships" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("memberships"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "rehome_guard" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_guard" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_select_fn_check" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_fn_check" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_select_job_sync" ON "memberships" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_insert_job_sync" ON "memberships" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "memberships_update_job_sync" ON "memberships" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "memberships_delete_job_sync" ON "memberships" AS PERMISSIVE FOR DELETE TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "organizations_select_member" ON "organizations" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("organizations"."id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "organizations_select_job_sync" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "organizations_insert_job_sync" ON "organizations" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organizations_update_job_sync" ON "organizations" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organizations_select_job_claim" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "organizations_select_job_booking" ON "organizations" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "organizations_insert_guest" ON "organizations" AS PERMISSIVE FOR INSERT TO "rehome_job_booking" WITH CHECK (not "organizations"."claimed" and "organizations"."id" like 'guest\_%' and "organizations"."type" = 'patient_personal' and "organizations"."tier" = 'free');--> statement-breakpoint
CREATE POLICY "pack_purchases_select_party" ON "pack_purchases" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("pack_purchases"."org_id" = (select auth.org_id()) or "pack_purchases"."buyer_org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "pack_purchases_select_job_payments" ON "pack_purchases" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "pack_purchases_insert_job_payments" ON "pack_purchases" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "pack_purchases_update_job_payments" ON "pack_purchases" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "pack_purchases_select_job_claim" ON "pack_purchases" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "pack_purchases_update_job_claim" ON "pack_purchases" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (exists (select from public.organizations o where o.id = "pack_purchases"."buyer_org_id" and not o.claimed)) WITH CHECK (exists (select from public.organizations o where o.id = "pack_purchases"."buyer_org_id" and o.claimed));--> statement-breakpoint
CREATE POLICY "session_pack_stripe_select_own_org" ON "session_pack_stripe" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("session_pack_stripe"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "session_pack_stripe_select_job_payments" ON "session_pack_stripe" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "session_pack_stripe_insert_job_payments" ON "session_pack_stripe" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "session_pack_stripe_update_job_payments" ON "session_pack_stripe" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "session_packs_select_own_org" ON "session_packs" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("session_packs"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "session_packs_insert_own_org" ON "session_packs" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("session_packs"."org_id" = (select auth.org_id()) and public.is_own_member("session_packs"."workos_user_id") and exists (select from public.services s where s.id = "session_packs"."service_id" and s.org_id = "session_packs"."org_id"));--> statement-breakpoint
CREATE POLICY "session_packs_update_own_org" ON "session_packs" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("session_packs"."org_id" = (select auth.org_id())) WITH CHECK ("session_packs"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "session_packs_delete_own_org" ON "session_packs" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("session_packs"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "session_packs_select_published" ON "session_packs" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("session_packs"."is_active" and exists (select from public.profiles p where p.workos_user_id = "session_packs"."workos_user_id" and p.published));--> statement-breakpoint
CREATE POLICY "session_packs_select_job_payments" ON "session_packs" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "payment_transfers_select_expert_org" ON "payment_transfers" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("payment_transfers"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "payment_transfers_select_job_payments" ON "payment_transfers" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "payment_transfers_insert_job_payments" ON "payment_transfers" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "payment_transfers_update_job_payments" ON "payment_transfers" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "stripe_processed_events_select_job_payments" ON "stripe_processed_events" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "stripe_processed_events_insert_job_payments" ON "stripe_processed_events" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "record_shares_select_parties" ON "record_shares" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("record_shares"."org_id" = (select auth.org_id()) or "record_shares"."grantee_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "record_shares_insert_patient_org" ON "record_shares" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("record_shares"."org_id" = (select auth.org_id()) and public.may_share_record("record_shares"."record_id"));--> statement-breakpoint
CREATE POLICY "record_shares_update_patient_org" ON "record_shares" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("record_shares"."org_id" = (select auth.org_id())) WITH CHECK ("record_shares"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "record_shares_delete_patient_org" ON "record_shares" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("record_shares"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "records_select_writing_expert" ON "records" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("records"."expert_user_id" = (select auth.user_id()) and "records"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "records_select_patient_org" ON "records" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("records"."patient_org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "records_select_share" ON "records" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("records"."id" = any (array(select s.record_id from public.record_shares s where s.grantee_user_id = (select auth.user_id()) and s.expires_at > statement_timestamp())));--> statement-breakpoint
CREATE POLICY "records_insert_writing_expert" ON "records" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("records"."expert_user_id" = (select auth.user_id()) and "records"."org_id" = (select auth.org_id()) and exists (select from public.meetings m where m.id = "records"."meeting_id" and m.org_id = "records"."org_id" and m.patient_org_id = "records"."patient_org_id" and m.expert_user_id = "records"."expert_user_id"));--> statement-breakpoint
CREATE POLICY "records_update_writing_expert" ON "records" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("records"."expert_user_id" = (select auth.user_id()) and "records"."org_id" = (select auth.org_id())) WITH CHECK ("records"."expert_user_id" = (select auth.user_id()) and "records"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "records_select_job_claim" ON "records" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "records_update_job_claim" ON "records" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (exists (select from public.organizations o where o.id = "records"."patient_org_id" and not o.claimed)) WITH CHECK (exists (select from public.organizations o where o.id = "records"."patient_org_id" and o.claimed));--> statement-breakpoint
CREATE POLICY "records_select_fn_check" ON "records" AS PERMISSIVE FOR SELECT TO "rehome_fn_check" USING (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_select_party" ON "slot_reservations" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("slot_reservations"."org_id" = (select auth.org_id()) or "slot_reservations"."patient_org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "slot_reservations_select_job_booking" ON "slot_reservations" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_update_job_booking" ON "slot_reservations" AS PERMISSIVE FOR UPDATE TO "rehome_job_booking" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_delete_job_booking" ON "slot_reservations" AS PERMISSIVE FOR DELETE TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_insert_job_booking" ON "slot_reservations" AS PERMISSIVE FOR INSERT TO "rehome_job_booking" WITH CHECK (exists (select from public.services s where s.id = "slot_reservations"."service_id" and s.org_id = "slot_reservations"."org_id" and s.workos_user_id = "slot_reservations"."expert_user_id"));--> statement-breakpoint
CREATE POLICY "slot_reservations_select_job_claim" ON "slot_reservations" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_update_job_claim" ON "slot_reservations" AS PERMISSIVE FOR UPDATE TO "rehome_job_claim" USING (exists (select from public.organizations o where o.id = "slot_reservations"."patient_org_id" and not o.claimed)) WITH CHECK (exists (select from public.organizations o where o.id = "slot_reservations"."patient_org_id" and o.claimed));--> statement-breakpoint
CREATE POLICY "slot_reservations_select_job_payments" ON "slot_reservations" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_select_fn_busy" ON "slot_reservations" AS PERMISSIVE FOR SELECT TO "rehome_fn_busy" USING (true);--> statement-breakpoint
CREATE POLICY "slot_reservations_select_fn_check" ON "slot_reservations" AS PERMISSIVE FOR SELECT TO "rehome_fn_check" USING (true);--> statement-breakpoint
CREATE POLICY "blocked_dates_select_own_org" ON "blocked_dates" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("blocked_dates"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "blocked_dates_insert_own_org" ON "blocked_dates" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("blocked_dates"."org_id" = (select auth.org_id()) and public.is_own_member("blocked_dates"."workos_user_id"));--> statement-breakpoint
CREATE POLICY "blocked_dates_update_own_org" ON "blocked_dates" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("blocked_dates"."org_id" = (select auth.org_id())) WITH CHECK ("blocked_dates"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "blocked_dates_delete_own_org" ON "blocked_dates" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("blocked_dates"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "blocked_dates_select_job_booking" ON "blocked_dates" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "blocked_dates_select_fn_busy" ON "blocked_dates" AS PERMISSIVE FOR SELECT TO "rehome_fn_busy" USING (true);--> statement-breakpoint
CREATE POLICY "schedule_availabilities_select_own_org" ON "schedule_availabilities" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("schedule_availabilities"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "schedule_availabilities_insert_own_org" ON "schedule_availabilities" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("schedule_availabilities"."org_id" = (select auth.org_id()) and exists (select from public.schedules s where s.id = "schedule_availabilities"."schedule_id" and s.org_id = "schedule_availabilities"."org_id"));--> statement-breakpoint
CREATE POLICY "schedule_availabilities_update_own_org" ON "schedule_availabilities" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("schedule_availabilities"."org_id" = (select auth.org_id())) WITH CHECK ("schedule_availabilities"."org_id" = (select auth.org_id()) and exists (select from public.schedules s where s.id = "schedule_availabilities"."schedule_id" and s.org_id = "schedule_availabilities"."org_id"));--> statement-breakpoint
CREATE POLICY "schedule_availabilities_delete_own_org" ON "schedule_availabilities" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("schedule_availabilities"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "schedule_availabilities_select_job_booking" ON "schedule_availabilities" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "schedule_availabilities_select_job_setup" ON "schedule_availabilities" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "schedules_select_own_org" ON "schedules" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("schedules"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "schedules_insert_own_org" ON "schedules" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("schedules"."org_id" = (select auth.org_id()) and public.is_own_member("schedules"."workos_user_id"));--> statement-breakpoint
CREATE POLICY "schedules_update_own_org" ON "schedules" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("schedules"."org_id" = (select auth.org_id())) WITH CHECK ("schedules"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "schedules_delete_own_org" ON "schedules" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("schedules"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "schedules_select_job_booking" ON "schedules" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "schedules_select_job_setup" ON "schedules" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "scheduling_settings_select_own_org" ON "scheduling_settings" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("scheduling_settings"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "scheduling_settings_insert_own_org" ON "scheduling_settings" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ("scheduling_settings"."org_id" = (select auth.org_id()) and public.is_own_member("scheduling_settings"."workos_user_id"));--> statement-breakpoint
CREATE POLICY "scheduling_settings_update_own_org" ON "scheduling_settings" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("scheduling_settings"."org_id" = (select auth.org_id())) WITH CHECK ("scheduling_settings"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "scheduling_settings_delete_own_org" ON "scheduling_settings" AS PERMISSIVE FOR DELETE TO "authenticated" USING ("scheduling_settings"."org_id" = (select auth.org_id()));--> statement-breakpoint
CREATE POLICY "scheduling_settings_select_job_booking" ON "scheduling_settings" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "billing_accounts_select_self" ON "billing_accounts" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("billing_accounts"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "billing_accounts_select_job_payments" ON "billing_accounts" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "billing_accounts_insert_job_payments" ON "billing_accounts" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "billing_accounts_update_job_payments" ON "billing_accounts" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "expert_setup_select_self" ON "expert_setup" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("expert_setup"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "expert_setup_select_job_setup" ON "expert_setup" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "expert_setup_insert_job_setup" ON "expert_setup" AS PERMISSIVE FOR INSERT TO "rehome_job_setup" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "expert_setup_update_job_setup" ON "expert_setup" AS PERMISSIVE FOR UPDATE TO "rehome_job_setup" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "expert_setup_delete_job_setup" ON "expert_setup" AS PERMISSIVE FOR DELETE TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "identity_verifications_select_self" ON "identity_verifications" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("identity_verifications"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "identity_verifications_select_job_identity" ON "identity_verifications" AS PERMISSIVE FOR SELECT TO "rehome_job_identity" USING (true);--> statement-breakpoint
CREATE POLICY "identity_verifications_insert_job_identity" ON "identity_verifications" AS PERMISSIVE FOR INSERT TO "rehome_job_identity" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "identity_verifications_update_job_identity" ON "identity_verifications" AS PERMISSIVE FOR UPDATE TO "rehome_job_identity" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "identity_verifications_select_job_setup" ON "identity_verifications" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "payout_accounts_select_self" ON "payout_accounts" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("payout_accounts"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "payout_accounts_select_job_payments" ON "payout_accounts" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "payout_accounts_insert_job_payments" ON "payout_accounts" AS PERMISSIVE FOR INSERT TO "rehome_job_payments" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "payout_accounts_update_job_payments" ON "payout_accounts" AS PERMISSIVE FOR UPDATE TO "rehome_job_payments" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "payout_accounts_select_job_setup" ON "payout_accounts" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "platform_roles_select_self" ON "platform_roles" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("platform_roles"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "platform_roles_select_job_sync" ON "platform_roles" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "platform_roles_insert_job_sync" ON "platform_roles" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "platform_roles_update_job_sync" ON "platform_roles" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "platform_roles_delete_job_sync" ON "platform_roles" AS PERMISSIVE FOR DELETE TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "platform_roles_select_job_setup" ON "platform_roles" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);--> statement-breakpoint
CREATE POLICY "user_emails_select_self" ON "user_emails" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("user_emails"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "user_emails_select_job_sync" ON "user_emails" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "user_emails_insert_job_sync" ON "user_emails" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "user_emails_update_job_sync" ON "user_emails" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "user_emails_delete_job_sync" ON "user_emails" AS PERMISSIVE FOR DELETE TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "user_emails_select_job_booking" ON "user_emails" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "user_emails_select_job_claim" ON "user_emails" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "users_select_self" ON "users" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("users"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "users_update_self" ON "users" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ("users"."workos_user_id" = (select auth.user_id())) WITH CHECK ("users"."workos_user_id" = (select auth.user_id()));--> statement-breakpoint
CREATE POLICY "users_select_job_sync" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_sync" USING (true);--> statement-breakpoint
CREATE POLICY "users_insert_job_sync" ON "users" AS PERMISSIVE FOR INSERT TO "rehome_job_sync" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "users_update_job_sync" ON "users" AS PERMISSIVE FOR UPDATE TO "rehome_job_sync" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "users_select_job_booking" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_booking" USING (true);--> statement-breakpoint
CREATE POLICY "users_select_job_payments" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_payments" USING (true);--> statement-breakpoint
CREATE POLICY "users_select_job_identity" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_identity" USING (true);--> statement-breakpoint
CREATE POLICY "users_select_job_claim" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_claim" USING (true);--> statement-breakpoint
CREATE POLICY "users_select_job_setup" ON "users" AS PERMISSIVE FOR SELECT TO "rehome_job_setup" USING (true);