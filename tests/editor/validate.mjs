// What a JSON Schema says of values: reads {schema, values}, writes the errors of each (or null).
import Ajv from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";

const { schema, values } = JSON.parse(readFileSync(0, "utf8"));
// Not strict: the schema has keywords that only editors read.
const validate = new Ajv({ strict: false }).compile(schema);
const said = values.map((value) =>
  validate(value) ? null : validate.errors.map((e) => `${e.instancePath} ${e.message}`),
);
process.stdout.write(JSON.stringify(said));
