// The golden examples against the schemas.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSatisfies, errorsOf, jsonFiles, readText, schemas } from './schemas.mjs';

// message.send.request-answer.json → ["message.send", "request"]
const partsOf = (name) => name.match(/^(.+)\.(request|reply|event)(-[\w-]+)?\.json$/)?.slice(1, 3) ?? [];

test('every schema can be compiled and says where it is', () => {
	for (const name of schemas) {
		errorsOf(name, {}); // throws when it cannot be compiled
		assert.equal(JSON.parse(readText('schema/', name)).$id, name);
	}
});

test('every schema of a command or an event has an example', () => {
	const examples = new Set(jsonFiles('examples/'));
	for (const name of schemas.filter((schema) => partsOf(schema).length > 0 && !schema.startsWith('type.')))
		assert.ok(examples.has(name), name);
});

for (const name of jsonFiles('examples/')) {
	test(`example ${name}`, () => {
		const text = readText('examples/', name);
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

test('missing members and wrong types are refused', () => {
	let n = 0;
	for (const name of jsonFiles('examples/invalid/').filter((file) => /-(missing|null|wrong-type)\.json$/.test(file))) {
		const frame = JSON.parse(JSON.parse(readText('examples/invalid/', name)).frame);
		const refused = errorsOf('request.json', frame) ?? errorsOf(`${frame.type}.request.json`, frame.data ?? {});
		assert.notEqual(refused, null, name);
		n++;
	}
	assert.ok(n > 50);
});

test('JSON is what JavaScript takes for it, but for four points', () => {
	for (const name of jsonFiles('examples/invalid/')) {
		const { frame, code } = JSON.parse(readText('examples/invalid/', name));
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
