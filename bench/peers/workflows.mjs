// Reads the workflow files that are named, from memory, as often as a round lasts.
import { readFileSync } from "node:fs";
import { serveRounds } from "./rounds.mjs";

const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import(
  "@actions/workflow-parser"
);
const [milliseconds, ...paths] = process.argv.slice(2);
const files = paths.map((name) => ({ name, content: readFileSync(name, "utf8") }));
const trace = new NoOperationTraceWriter();

await serveRounds(async () => {
  for (const file of files) {
    const { context, value } = parseWorkflow(file, trace);
    const template = value && (await convertWorkflowTemplate(context, value));
    const errors = [...context.errors.getErrors(), ...(template?.errors ?? [])];
    if (errors.length > 0) throw new Error(`${file.name}: ${errors[0].message}`);
  }
  return files.length;
}, Number(milliseconds));
