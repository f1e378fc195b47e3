import { type Command, InvalidArgumentError } from 'commander';
import { detailed, type OwnerOptions, ownerOf, run, withOwner } from './run.ts';

interface MerchantOptions extends OwnerOptions {
  readonly requireVerifiedEmail?: boolean;
}

/** `billingos merchant`: what holds for both environments of one. */
export function addMerchantCommand(program: Command): void {
  withOwner(program.command('merchant').description('Show the merchant, or change what holds for it.'), 'same')
    .option(
      '--require-verified-email <on|off>',
      'whether an address binds a customer only when your server says that it was verified',
      toSwitch,
    )
    .action((options: MerchantOptions, command: Command) =>
      run(command, async (rules) => {
        const { merchantId } = await ownerOf(options, rules);
        const { requireVerifiedEmail } = options;
        if (requireVerifiedEmail !== undefined) {
          return detailed(await rules.merchants.configure(merchantId, { requiresVerifiedEmail: requireVerifiedEmail }));
        }
        return detailed((await rules.merchants.list()).find(({ id }) => id === merchantId) ?? {});
      }),
    );
}

function toSwitch(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('It must be on or off.');
  return text === 'on';
}
