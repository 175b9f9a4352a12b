// The corpus of heads and the server's reader alone. The reader finds every part of a sound head, and does not take a head that is cut off for another one.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { buildDir } from '../e2e/lib/env.mjs';
import { OurReader } from '../fuzz/lib/our_reader.mjs';
import { eachOf } from './lib/ask.mjs';
import { heads, kinds } from './lib/heads.mjs';

const reader = new OurReader(join(buildDir, 'tests', 'fuzz', 'read_heads'));
after(() => reader.close());

const expected = (head) => ({
	result: 'whole', n_bytes: head.bytes.length, method: head.method, is_http_10: / HTTP\/1\.0\r\n/.test(head.bytes), content_length: head.content_length, path: head.path, query: head.query, host: head.host,
	fields: head.fields.map(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')]),
});

async function wrong(head) {
	const made = await reader.read(head.bytes + head.body + head.bytes);
	const verdict = head.alone ?? head.verdict;
	if (verdict === 'taken') {
		assert.deepEqual(made, expected(head));
	} else if (verdict === 'refused') {
		assert.equal(made.result, 'bad', JSON.stringify(made));
	} else {
		assert.notEqual(made.result, 'more');
	}
	if (made.result === 'bad') {
		assert.ok(made.status >= 400 && made.status < 600 && (made.fault === null || made.fault.length > 5), JSON.stringify(made));
	}
	return undefined;
}

// The reader answers a part of a head with "more", until it answers it with the answer for the whole.
async function wrongInParts(head) {
	const whole = await reader.read(head.bytes);
	const places = Array.from({ length: head.bytes.length }, (_, i) => i).filter((i) => head.bytes.length < 500 || i % 97 === 0);
	const parts = await Promise.all(places.map((i) => reader.read(head.bytes.slice(0, i))));
	const first = parts.findIndex((part) => part.result !== 'more');
	if (first >= 0) {
		assert.equal(whole.result, 'bad', `refused after ${first} bytes, read after all`);
		parts.slice(first).forEach((part) => assert.deepEqual(part, whole));
	}
	return undefined;
}

for (const kind of kinds) {
	const ofKind = heads.filter((head) => head.kind === kind);
	for (const [title, check] of [['are read as they are', wrong], ['are read alike in parts', wrongInParts]]) {
		test(`${kind}: ${ofKind.length} heads ${title}`, async () => {
			const found = await eachOf(ofKind, 16, check);
			assert.equal(found.length, 0, found.slice(0, 20).map(([head, what]) => `${head.verdict}: ${head.name}\n${what}`).join('\n'));
		});
	}
}
