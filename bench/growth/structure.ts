import type { Client } from 'pg';

interface Definition {
  readonly drop: string;
  readonly create: string;
}

/** What lies on tables and slows their filling down: primary keys, foreign keys from and to them, indexes. */
export interface Structure {
  readonly foreignKeys: readonly Definition[];
  /** By table: those of several tables can be made at the same time. */
  readonly indexes: ReadonlyMap<string, readonly Definition[]>;
}

const rowsOf = async <Row extends object>(client: Client, text: string, tables: readonly string[]): Promise<Row[]> =>
  (await client.query<Row>(text, [tables])).rows;

export async function structureOf(client: Client, tables: readonly string[]): Promise<Structure> {
  const foreignKeys = await rowsOf<{ table: string; name: string; definition: string }>(
    client,
    `select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
      from pg_constraint
      where contype = 'f' and (conrelid = any($1::regclass[]) or confrelid = any($1::regclass[])) order by 1, 2`,
    tables,
  );
  const indexes = await rowsOf<{ table: string; name: string; definition: string; constraint: string | null }>(
    client,
    `select indrelid::regclass::text as table, indexrelid::regclass::text as name,
        pg_get_indexdef(indexrelid) as definition, pg_get_constraintdef(pg_constraint.oid) as constraint
      from pg_index left join pg_constraint on conindid = indexrelid and contype in ('p', 'u')
      where indrelid = any($1::regclass[]) order by 1, 2`,
    tables,
  );
  return {
    foreignKeys: foreignKeys.map(({ table, name, definition }) => ({
      drop: `alter table ${table} drop constraint ${name}`,
      create: `alter table ${table} add constraint ${name} ${definition}`,
    })),
    indexes: new Map(
      tables.map((table) => [
        table,
        indexes
          .filter((index) => index.table === table)
          .map(({ name, definition, constraint }) =>
            constraint === null
              ? { drop: `drop index ${name}`, create: definition }
              : {
                  drop: `alter table ${table} drop constraint ${name}`,
                  create: `alter table ${table} add constraint ${name} ${constraint}`,
                },
          ),
      ]),
    ),
  };
}
