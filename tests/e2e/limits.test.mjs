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

// Without these the server cannot do: [name, most].
const bounded = [['head_bytes', 32768], ['json_depth', 512], ['stream_rooms', 64]];

test('a limit that cannot be none or higher is refused at the start, and names its range', async (t) => {
	for (const [name, most] of bounded) {
		const option = `--limit-${name.replaceAll('_', '-')}`;
		for (const value of [0, most + 1]) {
			const { code, stderr } = await runServer([`${option}=${value}`]);
			assert.equal(code, 2, stderr);
			assert.ok(stderr.includes(`${option}: "${value}" is not a whole number from 1 to ${most}`), stderr);
		}
	}
	assert.deepEqual((({ head_bytes, json_depth, stream_rooms }) => ({ head_bytes, json_depth, stream_rooms }))(await helloOf(t, {
		args: bounded.map(([name, most]) => `--limit-${name.replaceAll('_', '-')}=${most}`),
	})), Object.fromEntries(bounded));
});

test('with every limit 0 that may be, the server works', async (t) => {
	const none = table.filter(([name]) => !bounded.some(([other]) => other === name));
	const server = await serverFor(t, { args: none.map(([name]) => `--limit-${name.replaceAll('_', '-')}=0`), relaxed: false });
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
