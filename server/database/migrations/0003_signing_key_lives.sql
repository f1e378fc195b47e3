ALTER TABLE "signing_keys" DROP CONSTRAINT "signing_keys_environment_kid_pk";--> statement-breakpoint
ALTER TABLE "signing_keys" ADD PRIMARY KEY ("kid");--> statement-breakpoint
ALTER TABLE "signing_keys" ADD COLUMN "active_from" timestamp (3) with time zone;--> statement-breakpoint
-- Keys signed from the moment they were made until now.
UPDATE "signing_keys" SET "active_from" = "created_at";--> statement-breakpoint
ALTER TABLE "signing_keys" ALTER COLUMN "active_from" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "signing_keys" ADD COLUMN "dropped_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_published_first" CHECK ("signing_keys"."active_from" >= "signing_keys"."created_at");--> statement-breakpoint
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_dropped_after" CHECK ("signing_keys"."dropped_at" >= "signing_keys"."created_at");
