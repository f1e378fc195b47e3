import { ProductsDocument, type ProductFragment, type ProductsQuery } from '../../generated.ts';
import { none, useAnswer, type Answer } from './answer.ts';

export type UseProducts = Answer<{ products: readonly ProductFragment[] }>;

const valuesOf = ({ products }: ProductsQuery) => ({ products });

/** What is for sale, in the merchant’s order. Needs READ_PRODUCTS. */
export const useProducts = (): UseProducts => useAnswer('products', ProductsDocument, none, valuesOf);
