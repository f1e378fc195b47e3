ALTER TABLE "bind_attempts" DROP CONSTRAINT "bind_attempts_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "checkouts" DROP CONSTRAINT "checkouts_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "purchases" DROP CONSTRAINT "purchases_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "sessions" DROP CONSTRAINT "sessions_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "simulated_accounts" DROP CONSTRAINT "simulated_accounts_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "simulated_invoices" DROP CONSTRAINT "simulated_invoices_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "simulated_portals" DROP CONSTRAINT "simulated_portals_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "subscriptions" DROP CONSTRAINT "subscriptions_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "usage_events" DROP CONSTRAINT "usage_events_merchant_id_merchants_id_fk";
--> statement-breakpoint
ALTER TABLE "usage_totals" DROP CONSTRAINT "usage_totals_merchant_id_merchants_id_fk";
