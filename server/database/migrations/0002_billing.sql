CREATE TABLE "checkouts" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"price_key" text COLLATE "C" NOT NULL,
	"quantity" integer NOT NULL,
	"success_url" text NOT NULL,
	"cancel_url" text NOT NULL,
	"status" text NOT NULL,
	"url" text,
	"stripe_session_id" text COLLATE "C",
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "checkouts_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "features" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"unit" text,
	"place" integer DEFAULT 0 NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	CONSTRAINT "features_merchant_id_environment_key_pk" PRIMARY KEY("merchant_id","environment","key")
);
--> statement-breakpoint
CREATE TABLE "purchases" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"price_key" text COLLATE "C" NOT NULL,
	"quantity" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "purchases_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "simulated_accounts" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"card_last_four" text,
	"credit" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "simulated_accounts_merchant_id_environment_customer_id_pk" PRIMARY KEY("merchant_id","environment","customer_id")
);
--> statement-breakpoint
CREATE TABLE "simulated_invoices" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"number" text NOT NULL,
	"status" text NOT NULL,
	"currency" text NOT NULL,
	"lines" jsonb NOT NULL,
	"total" bigint NOT NULL,
	"amount_due" bigint NOT NULL,
	"amount_paid" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "simulated_invoices_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "simulated_portals" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"return_url" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "simulated_portals_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "test_clocks" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"ahead_ms" bigint NOT NULL,
	CONSTRAINT "test_clocks_merchant_id_environment_pk" PRIMARY KEY("merchant_id","environment")
);
--> statement-breakpoint
CREATE TABLE "usage_events" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"idempotency_key" text COLLATE "C" NOT NULL,
	"feature_key" text COLLATE "C" NOT NULL,
	"amount" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "usage_events_merchant_id_environment_customer_id_idempotency_key_pk" PRIMARY KEY("merchant_id","environment","customer_id","idempotency_key"),
	CONSTRAINT "usage_events_positive" CHECK ("usage_events"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "usage_totals" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"feature_key" text COLLATE "C" NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"used" bigint NOT NULL,
	CONSTRAINT "usage_totals_merchant_id_environment_customer_id_feature_key_period_start_pk" PRIMARY KEY("merchant_id","environment","customer_id","feature_key","period_start"),
	CONSTRAINT "usage_totals_positive" CHECK ("usage_totals"."used" >= 0)
);
--> statement-breakpoint
ALTER TABLE "prices" DROP CONSTRAINT "prices_merchant_id_environment_stripe_price_id_pk";--> statement-breakpoint
ALTER TABLE "subscriptions" DROP CONSTRAINT "subscriptions_merchant_id_environment_stripe_subscription_id_pk";--> statement-breakpoint
ALTER TABLE "prices" ALTER COLUMN "stripe_price_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "subscriptions" ALTER COLUMN "stripe_subscription_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "key" text COLLATE "C";--> statement-breakpoint
UPDATE "prices" SET "key" = "stripe_price_id";--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_merchant_id_environment_key_pk" PRIMARY KEY("merchant_id","environment","key");--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "tiers_mode" text;--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "tiers" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "is_visible" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "prices" ADD COLUMN "place" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "is_visible" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "is_default" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "contents" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "place" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "is_in_catalog" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "period_anchor" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "quota_period_start" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "id" text COLLATE "C";--> statement-breakpoint
UPDATE "subscriptions" SET "id" = "stripe_subscription_id";--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id");--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "current_period_start" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "canceled_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "trial_end" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "features" ADD CONSTRAINT "features_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchases" ADD CONSTRAINT "purchases_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "purchases" ADD CONSTRAINT "purchases_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "simulated_accounts" ADD CONSTRAINT "simulated_accounts_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "simulated_accounts" ADD CONSTRAINT "simulated_accounts_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "simulated_invoices" ADD CONSTRAINT "simulated_invoices_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "simulated_invoices" ADD CONSTRAINT "simulated_invoices_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "simulated_portals" ADD CONSTRAINT "simulated_portals_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "simulated_portals" ADD CONSTRAINT "simulated_portals_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "test_clocks" ADD CONSTRAINT "test_clocks_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_events" ADD CONSTRAINT "usage_events_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_events" ADD CONSTRAINT "usage_events_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_totals" ADD CONSTRAINT "usage_totals_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_totals" ADD CONSTRAINT "usage_totals_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "checkouts_by_customer" ON "checkouts" USING btree ("merchant_id","environment","customer_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "checkouts_stripe" ON "checkouts" USING btree ("merchant_id","environment","stripe_session_id");--> statement-breakpoint
CREATE INDEX "checkouts_by_expiry" ON "checkouts" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "purchases_by_customer" ON "purchases" USING btree ("merchant_id","environment","customer_id");--> statement-breakpoint
CREATE INDEX "simulated_invoices_by_customer" ON "simulated_invoices" USING btree ("merchant_id","environment","customer_id","id");--> statement-breakpoint
CREATE INDEX "simulated_portals_by_expiry" ON "simulated_portals" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "usage_events_by_age" ON "usage_events" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "prices_stripe" ON "prices" USING btree ("merchant_id","environment","stripe_price_id");--> statement-breakpoint
CREATE UNIQUE INDEX "subscriptions_stripe" ON "subscriptions" USING btree ("merchant_id","environment","stripe_subscription_id");--> statement-breakpoint
CREATE INDEX "subscriptions_simulated" ON "subscriptions" USING btree ("current_period_end") WHERE stripe_subscription_id is null and status in ('trialing', 'active', 'past_due');