-- What addresses are compared by: without the spaces around it, in ASCII lower case; NULL when it has any character beyond printable ASCII.
CREATE FUNCTION email_key(address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT CASE WHEN btrim(address) COLLATE "C" ~ '^[ -~]+@[ -~]+$' THEN lower(btrim(address) COLLATE "C") END
$$;
--> statement-breakpoint
CREATE TABLE "bind_attempts" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"outcome" text NOT NULL,
	"external_user_id" text,
	"external_organization_id" text,
	"email" text,
	"email_key" text COLLATE "C" GENERATED ALWAYS AS (email_key(email)) STORED,
	"email_verified" boolean,
	"candidates" integer DEFAULT 0 NOT NULL,
	"other_customer_id" text COLLATE "C",
	"key_id" text COLLATE "C",
	"reason" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "bind_attempts_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "deleted_customers" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"stripe_customer_id" text COLLATE "C" NOT NULL,
	"deleted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "deleted_customers_merchant_id_environment_stripe_customer_id_pk" PRIMARY KEY("merchant_id","environment","stripe_customer_id")
);
--> statement-breakpoint
CREATE TABLE "imported_ids" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"import_id" text COLLATE "C" NOT NULL,
	"stripe_id" text COLLATE "C" NOT NULL,
	CONSTRAINT "imported_ids_merchant_id_environment_import_id_stripe_id_pk" PRIMARY KEY("merchant_id","environment","import_id","stripe_id")
);
--> statement-breakpoint
CREATE TABLE "imports" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"source_name" text NOT NULL,
	"mode" text NOT NULL,
	"status" text NOT NULL,
	"cursor" text,
	"counts" jsonb NOT NULL,
	"problems" jsonb NOT NULL,
	"failure" text,
	"started_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "imports_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "prices" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"stripe_price_id" text COLLATE "C" NOT NULL,
	"product_key" text COLLATE "C" NOT NULL,
	"currency" text NOT NULL,
	"unit_amount" numeric,
	"interval" text,
	"interval_count" integer,
	"is_active" boolean NOT NULL,
	CONSTRAINT "prices_merchant_id_environment_stripe_price_id_pk" PRIMARY KEY("merchant_id","environment","stripe_price_id")
);
--> statement-breakpoint
CREATE TABLE "products" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"stripe_product_id" text COLLATE "C",
	"name" text NOT NULL,
	"description" text,
	"is_active" boolean NOT NULL,
	CONSTRAINT "products_merchant_id_environment_key_pk" PRIMARY KEY("merchant_id","environment","key")
);
--> statement-breakpoint
CREATE TABLE "stripe_accounts" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"secret_key_jwe" text,
	"webhook_secret_jwe" text,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "stripe_accounts_merchant_id_environment_pk" PRIMARY KEY("merchant_id","environment")
);
--> statement-breakpoint
CREATE TABLE "stripe_events" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"object_id" text COLLATE "C" NOT NULL,
	"newest_at_seconds" bigint NOT NULL,
	"newest_stage" integer NOT NULL,
	"event_ids" text[] NOT NULL,
	CONSTRAINT "stripe_events_merchant_id_environment_object_id_pk" PRIMARY KEY("merchant_id","environment","object_id")
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"stripe_subscription_id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"status" text NOT NULL,
	"items" jsonb NOT NULL,
	"current_period_end" timestamp (3) with time zone,
	"cancel_at_period_end" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "subscriptions_merchant_id_environment_stripe_subscription_id_pk" PRIMARY KEY("merchant_id","environment","stripe_subscription_id")
);
--> statement-breakpoint
ALTER TABLE "customers" DROP CONSTRAINT "customers_user_or_organization";--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "email_key" text COLLATE "C" GENERATED ALWAYS AS (email_key(email)) STORED;--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "metadata" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "stripe_customer_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "source" text DEFAULT 'session' NOT NULL;--> statement-breakpoint
ALTER TABLE "merchants" ADD COLUMN "requires_verified_email" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "bind_attempts" ADD CONSTRAINT "bind_attempts_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bind_attempts" ADD CONSTRAINT "bind_attempts_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deleted_customers" ADD CONSTRAINT "deleted_customers_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "imported_ids" ADD CONSTRAINT "imported_ids_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "imports" ADD CONSTRAINT "imports_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_product" FOREIGN KEY ("merchant_id","environment","product_key") REFERENCES "public"."products"("merchant_id","environment","key") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stripe_accounts" ADD CONSTRAINT "stripe_accounts_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stripe_events" ADD CONSTRAINT "stripe_events_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bind_attempts_by_customer" ON "bind_attempts" USING btree ("merchant_id","environment","customer_id","id");--> statement-breakpoint
CREATE INDEX "bind_attempts_by_other" ON "bind_attempts" USING btree ("merchant_id","environment","other_customer_id");--> statement-breakpoint
CREATE INDEX "bind_attempts_by_email" ON "bind_attempts" USING btree ("merchant_id","environment","email_key","id");--> statement-breakpoint
CREATE INDEX "prices_by_product" ON "prices" USING btree ("merchant_id","environment","product_key");--> statement-breakpoint
CREATE UNIQUE INDEX "products_stripe" ON "products" USING btree ("merchant_id","environment","stripe_product_id");--> statement-breakpoint
CREATE INDEX "subscriptions_by_customer" ON "subscriptions" USING btree ("merchant_id","environment","customer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "customers_stripe" ON "customers" USING btree ("merchant_id","environment","stripe_customer_id");--> statement-breakpoint
CREATE INDEX "customers_email" ON "customers" USING btree ("merchant_id","environment","email_key");--> statement-breakpoint
CREATE INDEX "customers_unbound" ON "customers" USING btree ("merchant_id","environment","id") WHERE external_user_id is null and external_organization_id is null;--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_user_or_organization" CHECK (num_nonnulls("customers"."external_user_id", "customers"."external_organization_id") <= 1);