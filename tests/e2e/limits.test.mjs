import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client, clientFor } from './lib/client.mjs';
import { projectDir } from './lib/env.mjs';
import { runServer, serverFor } from './lib/server.mjs';

// The table in the source: [name, default].
const table = [...readFileSync(join(projectDir, 'protocol', 'codec', 'limits.h'), 'utf8').matchAll(/^\tX\((\w+), +(\d+), /gm)].map((row) => [row[1], Number(row[2])]);

async function helloOf(t, options) {
	const server = await serverFor(t, { relaxed: false, ...options });
	const client = await Client.connect(server);
	await client.close();
	return client.hello.limits;
}

test('hello tells every limit of the table, and nothing else, with its default', async (t) => {
	assert.ok(table.length >= 20);
	assert.deepEqual(await helloOf(t), Object.fromEntries(table));
});

test('every limit is an option, and hello tells what it was set to', async (t) => {
	const wanted = Object.fromEntries(table.map(([name, value], i) => [name, (value || 1000) + 1 + i]));
	const args = Object.entries(wanted).map(([name, value]) => `--limit-${name.replaceAll('_', '-')}=${value}`);
	assert.deepEqual(await helloOf(t, { args }), wanted);
});

test('every limit may be set in the environment', async (t) => {
	const wanted = Object.fromEntries(table.map(([name, value], i) => [name, (value || 1000) + 2 + i]));
	const env = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [`PARLEY_LIMIT_${name.toUpperCase()}`, String(value)]));
	assert.deepEqual(await helloOf(t, { env }), wanted);
});

test('--help names every limit', async () => {
	const { stdout } = await runServer(['--help']);
	for (const [name] of table) {
		assert.ok(stdout.includes(`--limit-${name.replaceAll('_', '-')}`), name);
	}
});

test('with every limit 0 the server works', async (t) => {
	const server = await serverFor(t, { args: table.map(([name]) => `--limit-${name.replaceAll('_', '-')}=0`), relaxed: false });
	const client = await clientFor(t, server, { guest: 'x'.repeat(300) });
	const room = (await client.request('room.create', { name: 'y'.repeat(300), topic: 'z'.repeat(3000) })).id;
	await client.request('message.send', { room, text: 'w'.repeat(200000) });
	await client.waitSeq(room, 3);
	assert.equal((await client.request('history.read', { room })).events.length, 3);
	await client.request('signal.send', { room, name: 'n', data: 'd'.repeat(100000) });
});

test('limits of text, name and topic are what the options say', async (t) => {
	const server = await serverFor(t, { args: ['--limit-text-bytes', '10', '--limit-name-bytes', '12', '--limit-topic-bytes', '5'] });
	const client = await clientFor(t, server, { guest: 'twelve bytes' });
	await client.refused('room.create', { name: 'thirteen bytes' });
	await client.refused('room.create', { name: 'short', topic: '123456' });
	const room = (await client.request('room.create', { name: 'short', topic: '12345' })).id;
	await client.request('message.send', { room, text: '1234567890' });
	await client.refused('message.send', { room, text: '12345678901' });
});

test('the limit of nesting is what the option says', async (t) => {
	const server = await serverFor(t, { args: ['--limit-json-depth', '4'] });
	const client = await clientFor(t, server, { guest: 'Deep' });
	const room = (await client.request('room.create', { name: 'room' })).id;
	await client.request('signal.send', { room, name: 'n', data: [[]] });
	const n = client.messages.length;
	client.send({ type: 'signal.send', data: { room, name: 'n', data: [[[]]] } });
	const error = await client.waitFor('a refusal', () => client.messages.slice(n).find((message) => message.type === 'error'));
	assert.match(error.data.message, /json_depth/);
});
