// Evaluates the expressions of a file as often as a round lasts: "parse" reads each text anew,
// "evaluate" does so once before.
import { readFileSync } from "node:fs";
import { serveRounds } from "./rounds.mjs";

const { data, Evaluator, Lexer, Parser } = await import("@actions/expressions");
const [milliseconds, mode, path] = process.argv.slice(2);
const { contexts, expressions } = JSON.parse(readFileSync(path, "utf8"));
const names = Object.keys(contexts);
const known = JSON.parse(JSON.stringify(contexts), data.reviver);
const parse = (text) => new Parser(new Lexer(text).lex().tokens, names, []).parse();
const parsed = expressions.map((text) => [text, parse(text)]);

await serveRounds(() => {
  for (const [text, tree] of parsed) {
    new Evaluator(mode === "parse" ? parse(text) : tree, known).evaluate();
  }
  return parsed.length;
}, Number(milliseconds));
