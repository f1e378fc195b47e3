/** A route that ends with a slash is that of everything directly below it. */
export const routeOf = <Route>(routes: ReadonlyMap<string, Route>, pathname: string): Route | undefined =>
  routes.get(pathname) ?? routes.get(pathname.slice(0, pathname.lastIndexOf('/') + 1));
