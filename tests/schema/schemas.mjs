// What the build made of protocol/schema/, and its schemas in an independent validator (Ajv, JSON Schema 2020-12).
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Ajv2020 from 'ajv/dist/2020.js';

// Of the build that is tested; a server from elsewhere (an installed one, an older one) is held to this tree's.
const beside = process.env.PARLEYD ? new URL('../protocol/', pathToFileURL(process.env.PARLEYD)) : null;
const made = beside && existsSync(new URL('schema.json', beside)) ? beside : new URL('../../build/protocol/', import.meta.url);
export const pathOf = (name) => fileURLToPath(new URL(name, made));
export const jsonFiles = (folder) => readdirSync(new URL(folder, made)).filter((name) => name.endsWith('.json'));
export const readText = (name) => readFileSync(new URL(name, made), 'utf8');

export const bundle = JSON.parse(readText('schema.json'));
export const schemas = Object.keys(bundle.$defs);

export function newAjv() {
	const ajv = new Ajv2020.default({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
	ajv.addVocabulary(['x-parley', 'x-limit']);
	return ajv;
}
const ajv = newAjv();
for (const schema of Object.values(bundle.$defs))
	ajv.addSchema(schema);

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

// Bad requests by name: what to send, and what is answered.
export const badRequests = () => jsonFiles('examples/invalid/').map((name) => ({ name, ...JSON.parse(readText(`examples/invalid/${name}`)) }));
