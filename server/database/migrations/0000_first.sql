CREATE TABLE "customers" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"external_user_id" text,
	"external_organization_id" text,
	"email" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "customers_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id"),
	CONSTRAINT "customers_user_or_organization" CHECK (num_nonnulls("customers"."external_user_id", "customers"."external_organization_id") = 1)
);
--> statement-breakpoint
CREATE TABLE "merchants" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "revocations" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"revoked_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "revocations_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "secret_keys" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"name" text NOT NULL,
	"digest" text NOT NULL,
	"last_four" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone,
	CONSTRAINT "secret_keys_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id"),
	CONSTRAINT "secret_keys_digest" UNIQUE("digest")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"merchant_id" text COLLATE "C" NOT NULL,
	"environment" text NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"customer_id" text COLLATE "C" NOT NULL,
	"key_id" text COLLATE "C" NOT NULL,
	"external_user_id" text NOT NULL,
	"operations" text[],
	"metadata" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "sessions_merchant_id_environment_id_pk" PRIMARY KEY("merchant_id","environment","id")
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"environment" text NOT NULL,
	"kid" text NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"private_jwe" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "signing_keys_environment_kid_pk" PRIMARY KEY("environment","kid")
);
--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secret_keys" ADD CONSTRAINT "secret_keys_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_customer" FOREIGN KEY ("merchant_id","environment","customer_id") REFERENCES "public"."customers"("merchant_id","environment","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "customers_user" ON "customers" USING btree ("merchant_id","environment","external_user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "customers_organization" ON "customers" USING btree ("merchant_id","environment","external_organization_id");--> statement-breakpoint
CREATE INDEX "revocations_by_subject" ON "revocations" USING btree ("merchant_id","environment","kind","subject");--> statement-breakpoint
CREATE INDEX "revocations_feed" ON "revocations" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "revocations_by_expiry" ON "revocations" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_by_customer" ON "sessions" USING btree ("merchant_id","environment","customer_id","id");--> statement-breakpoint
CREATE INDEX "sessions_by_key" ON "sessions" USING btree ("merchant_id","environment","key_id","id");--> statement-breakpoint
CREATE INDEX "sessions_by_expiry" ON "sessions" USING btree ("expires_at");