import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      validationOrder: ValidationOrder<Types>;
    }
  }
}

/**
 * Validates what authorization let through. Pothos validates before every plugin that wraps a resolver, wherever that
 * stands in the list, so that a stranger would learn the rules of an input: here validation becomes a part of the resolver.
 */
class ValidationOrder<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { argMappers: checks, resolve } = field;
    if (checks.length === 0 || !resolve) return field;
    return {
      ...field,
      argMappers: [],
      resolve: async (parent, given, context, info) => {
        let args: object = given;
        for (const check of checks) args = await check(args as Record<string, unknown>, context, info);
        return resolve(parent, args, context, info);
      },
    };
  }
}

export const validationOrder = 'validationOrder';

SchemaBuilder.registerPlugin(validationOrder, ValidationOrder);
