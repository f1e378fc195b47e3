// A stylesheet is imported for what it does: there is nothing to name, and TypeScript asks for its types all the same.
