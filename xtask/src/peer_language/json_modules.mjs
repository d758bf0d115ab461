// Lets Node.js load the packages' tables, which they import as JSON without saying so.

export function load(url, context, next) {
  const importAttributes = url.endsWith(".json") ? { type: "json" } : context.importAttributes;
  return next(url, { ...context, importAttributes });
}
