// The golden examples and the bad requests against the schemas.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSatisfies, badRequests, bundle, errorsOf, jsonFiles, newAjv, readText, schemas } from './schemas.mjs';

// message.send.request-answer.json → ["message.send", "request"]
const partsOf = (name) => name.match(/^(.+)\.(request|reply|event)(-[\w-]+)?\.json$/)?.slice(1, 3) ?? [];

test('every schema can be compiled and says where it is', () => {
	for (const name of schemas) {
		errorsOf(name, {}); // throws when it cannot be compiled
		assert.equal(bundle.$defs[name].$id, name);
	}
});

test('the document of all schemas is one itself', () => {
	assert.equal(bundle.$schema, 'https://json-schema.org/draft/2020-12/schema');
	const ajv = newAjv();
	ajv.compile(bundle);
	assert.ok(ajv.getSchema('message.send.request.json')({ room: 'general', text: 'x' }));
});

test('every schema of a command or an event has an example', () => {
	const examples = new Set(jsonFiles('examples/'));
	for (const name of schemas.filter((schema) => partsOf(schema).length > 0 && !schema.startsWith('type.')))
		assert.ok(examples.has(name), name);
});

for (const name of jsonFiles('examples/')) {
	test(`example ${name}`, () => {
		const text = readText(`examples/${name}`);
		const value = JSON.parse(text);
		const [type, shape] = partsOf(name);
		assert.match(text, /^[^\n]*\n$/, 'one line, as on the wire');
		if (shape === 'request') {
			assert.equal(value.type, type);
			assertSatisfies('request.json', value);
			assertSatisfies(`${type}.request.json`, value.data ?? {});
		} else if (shape === 'reply') {
			assertSatisfies('ok.json', value);
			assertSatisfies(`${type}.reply.json`, value.data);
		} else if (shape === 'event') {
			assert.equal(value.type, type);
			assertSatisfies('type.event.json', value);
			assertSatisfies(`${type}.event.json`, value);
		} else if (name.startsWith('error.')) {
			assert.equal(name, `error.${value.data.code}.json`);
			assertSatisfies('error.json', value);
		} else {
			assert.equal(name, 'hello.json');
			assertSatisfies('hello.json', value);
		}
	});
}

// Limits that an operator sets, and lengths in bytes, are told in words only.
test('what the decoder refuses the schemas refuse too', () => {
	let n = 0;
	for (const { name, frame, field, schema_refuses } of badRequests().filter((bad) => 'schema_refuses' in bad)) {
		const { type, data } = JSON.parse(frame);
		const errors = errorsOf('request.json', JSON.parse(frame)) ?? errorsOf(`${type}.request.json`, data);
		assert.equal(errors !== null, schema_refuses, `${name}: ${errors}`);
		assert.ok(field in bundle.$defs[`${type}.request.json`].properties, name);
		n++;
	}
	assert.ok(n > 150);
});

test('JSON is what JavaScript takes for it, but for four points', () => {
	for (const { name, frame, code } of badRequests()) {
		let parses = true;
		try {
			const value = JSON.parse(frame);
			parses = typeof value === 'object' && value !== null && !Array.isArray(value);
		} catch {
			parses = false;
		}
		// Stricter than JSON.parse in four points only: members given twice, NUL, half of a surrogate pair, numbers out of range.
		if (parses && code === 'invalid_json')
			assert.match(name, /^(duplicate|nul|lone|huge)-/, name);
		if (!parses && code !== 'invalid_json')
			assert.equal(name, 'deep-bomb.json');
	}
});
