import type { Command } from 'commander';
import { ImportError } from '../import/record.ts';
import { StartupError } from '../startup-error.ts';
import { type OwnerOptions, ownerOf, run, withOwner } from './run.ts';

/** `billingos stripe connect|disconnect` */
export function addStripeCommands(program: Command): void {
  const stripe = program.command('stripe').description('How this service reaches the merchant’s account at Stripe.');

  withOwner(
    stripe
      .command('connect')
      .description(
        'Keep STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, or both, encrypted. docs/payments.md says which rights a restricted key needs.',
      ),
    'test',
  ).action((options: OwnerOptions, command: Command) =>
    run(command, async (rules) => {
      const owner = await ownerOf(options, rules);
      const secretKey = process.env['STRIPE_SECRET_KEY'] || undefined;
      const webhookSecret = process.env['STRIPE_WEBHOOK_SECRET'] || undefined;
      if (!secretKey && !webhookSecret)
        throw new StartupError('Set STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, or both.');
      if (webhookSecret && !webhookSecret.startsWith('whsec_')) {
        throw new StartupError(
          'STRIPE_WEBHOOK_SECRET must begin with whsec_: it is shown with the endpoint at Stripe.',
        );
      }
      if (secretKey) await checkKey(() => rules.stripeSources.sourceFor(owner, secretKey));
      await rules.stripeAccounts.connect(owner, {
        ...(secretKey && { secretKey }),
        ...(webhookSecret && { webhookSecret }),
      });
      const path = `${owner.environment === 'test' ? '/sandbox' : ''}/webhooks/stripe/${owner.merchantId}`;
      return {
        json: { environment: owner.environment, webhookPath: path },
        text: `Connected. Stripe’s events for this account go to ${path} of this service.`,
      };
    }),
  );

  withOwner(stripe.command('disconnect').description('Forget both secrets.'), 'test').action(
    (options: OwnerOptions, command: Command) =>
      run(command, async (rules) => {
        const owner = await ownerOf(options, rules);
        await rules.stripeAccounts.disconnect(owner);
        return { json: { environment: owner.environment }, text: 'Disconnected.' };
      }),
  );
}

async function checkKey(open: () => Promise<unknown>): Promise<void> {
  try {
    await open();
  } catch (error) {
    throw error instanceof ImportError ? new StartupError(error.message, { cause: error }) : error;
  }
}
