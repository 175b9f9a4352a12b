// protocol/schema/ in an independent validator (Ajv, JSON Schema 2020-12).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';

const protocol = new URL('../../protocol/', import.meta.url);
export const jsonFiles = (folder) => readdirSync(new URL(folder, protocol)).filter((name) => name.endsWith('.json'));
export const readText = (folder, name) => readFileSync(new URL(folder + name, protocol), 'utf8');

export const schemas = jsonFiles('schema/');
const ajv = new Ajv2020.default({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
for (const name of schemas) {
	ajv.addSchema(JSON.parse(readText('schema/', name)));
}

// null when the value satisfies the schema of this name, else what is wrong with it.
export function errorsOf(schema, value) {
	const validate = ajv.getSchema(schema);
	assert.ok(validate, `there is no schema ${schema}`);
	return validate(value) ? null : ajv.errorsText(validate.errors);
}

export function assertSatisfies(schema, value) {
	const errors = errorsOf(schema, value);
	assert.equal(errors, null, `${schema}: ${errors} in ${JSON.stringify(value).slice(0, 1000)}`);
}
