// What GitHub's own packages for editors make of files and expressions. Reads the requests that
// the example `outcomes` of the workflow crate reads, and answers in the same form.

import { register } from "node:module";
import { createInterface } from "node:readline";

register("./json_modules.mjs", import.meta.url);
const { Evaluator, FeatureFlags, Lexer, Parser, data } = await import("@actions/expressions");
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");
const { TemplateContext, TemplateValidationErrors } = await import("@actions/workflow-parser/templates/template-context");
const { getWorkflowSchema } = await import("@actions/workflow-parser/workflows/workflow-schema");
const { parseAction } = await import("@actions/workflow-parser/actions/action-parser");
const { convertActionTemplate } = await import("@actions/workflow-parser/actions/action-template");

const trace = new NoOperationTraceWriter();
const featureFlags = new FeatureFlags({ all: true });
const anyContext = ["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job",
  "jobs", "runner", "env", "nowhere", "a", "b", "always", "True", "TRUE"];
const functions = [["always", 0, 0], ["cancelled", 0, 0], ["success", 0, 255], ["failure", 0, 255],
  ["hashFiles", 1, 255]].map(([name, minArgs, maxArgs]) =>
  ({ name, minArgs, maxArgs, call: () => new data.BooleanData(false) }));

function toData(value) {
  if (value === null || value === undefined) return new data.Null();
  if (Array.isArray(value)) return new data.Array(...value.map(toData));
  switch (typeof value) {
    case "boolean": return new data.BooleanData(value);
    case "number": return new data.NumberData(value);
    case "string": return new data.StringData(value);
    default: return new data.Dictionary(...Object.entries(value).map(([key, value]) => ({ key, value: toData(value) })));
  }
}

const kinds = Object.fromEntries(["Array", "Boolean", "Dictionary", "Null", "Number", "String"].map(name =>
  [data.Kind[name], name === "Dictionary" ? "Object" : name]));

function evaluate(text, contexts) {
  const parse = text => new Parser(new Lexer(text).lex().tokens, anyContext, functions).parse();
  const values = new Map(functions.map(f => [f.name.toLowerCase(), f]));
  const value = text => {
    const context = toData(contexts);
    for (const name of anyContext) if (context.get(name) === undefined) context.add(name, new data.Null());
    return new Evaluator(parse(text), context, values).evaluate();
  };
  const result = value(text);
  const json = value(`toJSON(${text})`);
  return { kind: kinds[result.kind], text: result.coerceString(), json: json.coerceString() };
}

const messages = context => ({ errors: context.errors.getErrors().map(error => error.message) });

async function workflow(name, content) {
  const context = new TemplateContext(new TemplateValidationErrors(), getWorkflowSchema(), trace);
  context.state.featureFlags = featureFlags;
  const { value } = parseWorkflow({ name, content }, context);
  if (value) await convertWorkflowTemplate(context, value, undefined, { fetchReusableWorkflowDepth: 0, featureFlags });
  return messages(context);
}

function action(name, content) {
  const { context, value } = parseAction({ name, content }, trace);
  if (value) convertActionTemplate(context, value);
  return messages(context);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    if (request.workflow) answer = await workflow(request.workflow, request.text);
    else if (request.action) answer = action(request.action, request.text);
    else answer = evaluate(request.expression, request.contexts);
  } catch (error) {
    answer = { errors: [error.message] };
  }
  console.log(JSON.stringify(answer));
}
