import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { badRequests } from '../schema/schemas.mjs';
import { Client, fresh } from './lib/client.mjs';
import { post } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server;
let client;
let room;
before(async () => {
	server = await startServer({ args: ['--limit-connection-requests', '0', '--limit-account-requests', '0', '--limit-address-requests', '0'] });
	client = await Client.start(server, { guest: 'Clumsy' });
	room = (await client.request('room.create', { name: 'room' })).id;
});
after(async () => {
	await client.close();
	await server.stop();
});

// Sends a frame as it stands; gives the first error that follows. The connection must stay.
async function errorOf(text) {
	const n = client.messages.length;
	client.send(text);
	const error = await client.waitFor('an error', () => client.messages.slice(n).find((message) => message.type === 'error'));
	await client.settle();
	return error;
}

const deep = (n) => '['.repeat(n) + ']'.repeat(n);

// what, the frame, the code, what the message must name
const frames = [
	['no JSON', 'hello', 'invalid_json'],
	['an empty frame', '', 'invalid_json'],
	['white space', '  \n', 'invalid_json'],
	['an array', '[]', 'invalid_json|invalid_request'],
	['a string', '"x"', 'invalid_json|invalid_request'],
	['a number', '1', 'invalid_json|invalid_request'],
	['null', 'null', 'invalid_json|invalid_request'],
	['an unfinished object', '{"type":"room.list"', 'invalid_json'],
	['something after the object', '{"type":"room.list"} x', 'invalid_json'],
	['two objects', '{"type":"room.list"}{"type":"room.list"}', 'invalid_json'],
	['a trailing comma', '{"type":"room.list",}', 'invalid_json'],
	['single quotes', "{'type':'room.list'}", 'invalid_json'],
	['a comment', '{"type":"room.list"/* x */}', 'invalid_json'],
	['NaN', '{"type":"room.list","data":{"limit":NaN}}', 'invalid_json'],
	['a byte order mark', '\ufeff{"type":"room.list"}', 'invalid_json'],
	['a duplicate member', '{"type":"room.list","type":"room.list"}', 'invalid_json', /type|duplicate/],
	['a duplicate member of data', '{"type":"message.send","data":{"room":"x","text":"a","text":"b"}}', 'invalid_json', /text|duplicate/],
	['a duplicate member spelled with an escape', '{"type":"message.send","data":{"room":"x","text":"a","te\\u0078t":"b"}}', 'invalid_json'],
	['a nesting of 9', `{"type":"signal.send","data":{"room":"x","name":"n","data":${deep(7)}}}`, 'invalid_json|invalid_request|too_large', /deep|depth|nest/],
	['a nesting of 10,000', `{"type":"room.list","data":${deep(10000)}}`, 'invalid_json|invalid_request|too_large', /deep|depth|nest/],
	['brackets without end', '['.repeat(60000), 'invalid_json|invalid_request|too_large', /deep|depth|nest/],
	['objects without end', '{"a":'.repeat(10000), 'invalid_json|invalid_request|too_large', /deep|depth|nest/],
	['a NUL in a string', '{"type":"message.send","data":{"room":"x","text":"a\\u0000b"}}', 'invalid_json|invalid_request', /NUL|\\u0000|text|null byte/i],
	['a NUL in a key', '{"type":"room.list","data":{"a\\u0000b":1}}', 'invalid_json|invalid_request'],
	['a raw NUL', '{"type":"room.list"\u0000}', 'invalid_json'],
	['a raw NUL after the end', '{"type":"room.list"}\u0000', 'invalid_json'],
	['a raw control character in a string', '{"type":"room\u0001list"}', 'invalid_json'],
	['a lone high surrogate', '{"type":"message.send","data":{"room":"x","text":"\\ud800"}}', 'invalid_json|invalid_request'],
	['a lone low surrogate', '{"type":"message.send","data":{"room":"x","text":"\\udc00"}}', 'invalid_json|invalid_request'],
	['a reversed pair of surrogates', '{"type":"message.send","data":{"room":"x","text":"\\udc00\\ud800"}}', 'invalid_json|invalid_request'],
	['a bad escape', '{"type":"room.list","data":{"after":"\\x"}}', 'invalid_json'],
	['a huge integer', `{"type":"room.list","data":{"limit":${'9'.repeat(400)}}}`, 'invalid_json|invalid_request'],
	['an integer beyond 64 bits', '{"type":"room.list","data":{"limit":18446744073709551617}}', 'invalid_json|invalid_request'],
	['a huge real', '{"type":"room.list","data":{"limit":1e999}}', 'invalid_json|invalid_request'],
	['a missing type', '{"data":{}}', 'invalid_request', /type/],
	['a type that is a number', '{"type":5}', 'invalid_request', /type/],
	['a type that is null', '{"type":null}', 'invalid_request', /type/],
	['an unknown type', '{"type":"room.explode"}', 'unknown_type', /room\.explode|type|command/],
	['an empty type', '{"type":""}', 'unknown_type|invalid_request'],
	['a type of another case', '{"type":"Room.List"}', 'unknown_type'],
	['the type of a reply', '{"type":"ok","data":{}}', 'unknown_type'],
	['data that is an array', '{"type":"room.list","data":[]}', 'invalid_request', /data/],
	['data that is a string', '{"type":"room.list","data":"x"}', 'invalid_request', /data/],
	['a ref that is an object', '{"type":"room.list","ref":{}}', 'invalid_request', /ref/],
	['a ref that is a boolean', '{"type":"room.list","ref":true}', 'invalid_request', /ref/],
	['a ref of 65 bytes', `{"type":"room.list","ref":"${'r'.repeat(65)}"}`, 'invalid_request|too_large', /ref/],
	['a ref that is a real', '{"type":"room.list","ref":1.5}', 'invalid_request', /ref/],
];

for (const [what, text, codes, names] of frames) {
	test(`${what} is refused and the connection stays`, async () => {
		const error = await errorOf(text);
		assert.match(error.data.code, new RegExp(`^(${codes})$`), error.data.message);
		assert.equal(error.data.retryable, false);
		assert.ok(error.data.message.length > 0 && error.data.message.length < 300);
		if (names) {
			assert.match(error.data.message, names);
		}
	});
}

// Every command, with each member missing, of a wrong type or too large: the error names the member.
test('every bad request that follows from the schemas is answered as they say', async (t) => {
	const clumsy = await Client.start(server, { guest: fresh('Clumsy') });
	t.after(() => clumsy.close());
	const bad = badRequests().filter(({ field }) => field);
	for (const { name, frame, code, field, message_has } of bad) {
		const { type, data } = JSON.parse(frame);
		const error = await clumsy.refused(type, data, code);
		assert.equal(error.field, field, name);
		assert.ok(error.wireMessage.includes(message_has), `${name}: ${error.wireMessage}`);
	}
	assert.ok(bad.length > 150);
});

test('unknown members are ignored', async () => {
	const n = client.messages.length;
	client.send(JSON.stringify({ type: 'message.send', ref: 'future', extra: [1], data: { room, text: 'x', colour: 'red', nested: { deep: [] } } }));
	await client.waitFor('the answer', () => client.messages.slice(n).find((message) => message.type === 'ok' && message.ref === 'future'));
});

test('the ref comes back as it was, also in errors', async () => {
	for (const ref of ['abc', 'ä😀', 0, 7, -3, Number.MAX_SAFE_INTEGER]) {
		for (const [type, answer] of [['room.list', 'ok'], ['room.get', 'error'], ['no.such', 'error']]) {
			const n = client.messages.length;
			client.send(JSON.stringify({ type, ref, data: {} }));
			const reply = await client.waitFor(`a reply to ${JSON.stringify(ref)}`, () => client.messages.slice(n).find((m) => m.ref === ref));
			assert.equal(reply.type, answer);
		}
	}
});

test('the ref comes back with what is no JSON, too deep or too large', async () => {
	const send = (text, name = 'ref') => `{"type":"message.send","data":{"room":"room","text":${text}},"${name}":"mine"}`;
	for (const frame of [send('"\\ud800"'), send('"a\\u0000"'), send('1e999'), send(deep(20)), send('"\\x"'), send(`"${'x'.repeat(9000)}"`), send('"\\ud800"', '\\u0072ef')])
		assert.equal((await errorOf(frame)).ref, 'mine', frame.slice(0, 100));
});

test('a request without a ref gets a reply without one', async () => {
	const n = client.messages.length;
	client.send('{"type":"room.list","data":{"limit":1}}');
	const reply = await client.waitFor('the answer', () => client.messages.slice(n).find((m) => m.type === 'ok'));
	assert.ok(!('ref' in reply));
});

test('a member that is null counts as absent', async () => {
	await client.request('room.list', { after: null, limit: null });
	const error = await client.refused('room.get', { room: null }, 'invalid_request');
	assert.match(error.wireMessage, /room/);
});

test('a request without data is one with empty data', async () => {
	const n = client.messages.length;
	client.send('{"type":"room.list","ref":"bare"}');
	await client.waitFor('the answer', () => client.messages.slice(n).find((m) => m.type === 'ok' && m.ref === 'bare'));
});

test('the same bad bodies are refused by POST with 400 or 413', async () => {
	const { token } = client;
	for (const [what, body] of [['no JSON', 'hello'], ['an array', '[]'], ['duplicate members', '{"room":"x","room":"y"}'], ['deep nesting', `{"a":${deep(100)}}`],
		['a NUL', '{"room":"\\u0000"}'], ['a lone surrogate', '{"room":"\\ud800"}'], ['bytes that are not UTF-8', Buffer.from('7b22726f6f6d223a22ff227d', 'hex')],
		['an overlong form', Buffer.from('7b22726f6f6d223a22c080227d', 'hex')], ['a missing member', '{}'], ['a wrong type', '{"room":5}']]) {
		const answer = await post(server, 'room.get', undefined, { token, body });
		assert.equal(answer.status, what === 'deep nesting' ? 413 : 400, `${what}: ${answer.text}`);
		assert.match(answer.json.data.code, what === 'deep nesting' ? /^too_large$/ : /^invalid_(json|request)$/, what);
	}
});

test('a thousand bad frames in a row are all answered', async (t) => {
	const tough = await Client.start(server, { guest: fresh('Tough') });
	t.after(() => tough.close());
	const n = tough.messages.length;
	for (let i = 0; i < 1000; i++) {
		tough.send('{"type":');
	}
	await tough.waitFor('1000 errors', () => tough.messages.length >= n + 1000);
	assert.ok(tough.messages.slice(n).every((message) => message.type === 'error'));
	await tough.settle();
});
