import type { Command } from 'commander';
import { diagnose, type Finding } from '../doctor/doctor.ts';
import { print, table } from './run.ts';

const marks = { ok: 'ok', warning: 'WARNING', failure: 'FAILURE' } as const;

/** `billingos doctor` */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'Check the configuration and what it leads to. Changes nothing; exits with 1 when something is broken.',
    )
    .action(async (_options: object, command: Command) => {
      const findings = await diagnose(process.env);
      print(command, {
        json: findings,
        text: tableOf(findings),
        isFailure: findings.some(({ status }) => status === 'failure'),
      });
    });
}

const tableOf = (findings: readonly Finding[]) =>
  table(
    ['CHECK', 'STATUS', 'WHAT WAS FOUND'],
    findings.map(({ check, status, found }) => [check, marks[status], found]),
  );
