import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client, clientFor } from './lib/client.mjs';
import { projectDir, scaled, slowPasswords } from './lib/env.mjs';
import { post } from './lib/http.mjs';
import { RawSocket, frame, openWebSocket } from './lib/raw.mjs';
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
const bounded = [['head_bytes', 32768], ['json_depth', 512], ['stream_rooms', 64], ['room_hooks', 500], ['account_consumers', 500], ['account_webhooks', 500]];

test('a limit that cannot be none or higher is refused at the start, and names its range', async (t) => {
	for (const [name, most] of bounded) {
		const option = `--limit-${name.replaceAll('_', '-')}`;
		for (const value of [0, most + 1]) {
			const { code, stderr } = await runServer([`${option}=${value}`]);
			assert.equal(code, 2, stderr);
			assert.ok(stderr.includes(`${option}: "${value}" is not a whole number from 1 to ${most}`), stderr);
		}
	}
	const limits = await helloOf(t, { args: bounded.map(([name, most]) => `--limit-${name.replaceAll('_', '-')}=${most}`) });
	assert.deepEqual(bounded.map(([name]) => [name, limits[name]]), bounded);
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

// Of sizes, none is what the parts behind it can hold: [name, most].
const held = [['frame_bytes', 267386880], ['text_bytes', 267386880], ['name_bytes', 1048576], ['topic_bytes', 67108864], ['signal_bytes', 267386880], ['password_bytes', 267386880], ['page_bytes', 267386880], ['hook_bytes', 267386880], ['filter_bytes', 1048576], ['webhook_headers_bytes', 1048576], ['hook_asks_bytes', 1048576]];

test('a size without a limit is what the server can hold, which hello tells; a larger one is refused', async (t) => {
	const { stdout } = await runServer(['--help']);
	const limits = await helloOf(t, { args: held.map(([name]) => `--limit-${name.replaceAll('_', '-')}=0`) });
	assert.deepEqual(held.map(([name]) => [name, limits[name]]), held);
	for (const [name, most] of held) {
		const { code, stderr } = await runServer([`--limit-${name.replaceAll('_', '-')}=${most + 1}`]);
		assert.equal(code, 2, stderr);
		assert.ok(stderr.includes(`"${most + 1}" is not a whole number from 0 to ${most}`), stderr);
		assert.match(stdout, new RegExp(`--limit-${name.replaceAll('_', '-')}=[^]*?0: what the server can hold, ${most}\\.`), name);
	}
});

test('a gigabyte is refused where frames and texts have no limit, and much of one is sent, delivered and read again', { timeout: scaled(120000) }, async (t) => {
	const server = await serverFor(t, { args: ['--limit-frame-bytes', '0', '--limit-text-bytes', '0'] });
	const writer = await openWebSocket(server);
	writer.write(frame({ payload: '{"type":"message.send","data":{"text":"', announce: 2 ** 30, lengthForm: 64 }));
	assert.equal((await writer.readClose()).code, 1009);
	writer.destroy();
	const body = await RawSocket.connect(server);
	body.write('POST /api/v1/message.send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n{');
	const refused = await body.readResponse();
	assert.deepEqual([refused.status, JSON.parse(refused.body).data.code], [413, 'too_large']);
	body.destroy();
	const client = await clientFor(t, server, { guest: 'Long' });
	const { id: room } = await client.request('room.create', { name: 'room' });
	const text = '\u00e9"'.repeat(10_000_000); // 30 million bytes, 40 million in JSON
	const timeoutMs = 60000; // these take long where others compute as well
	const { seq } = await client.request('message.send', { room, text }, { timeoutMs });
	await client.waitSeq(room, seq, timeoutMs);
	assert.equal(client.events.at(-1).data.text, text);
	const { events } = await client.request('history.read', { room, limit: 1 }, { timeoutMs });
	assert.equal(events[0].data.text, text);
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

test('the limit of a frame is what the option says, for bodies too', async (t) => {
	const server = await serverFor(t, { args: ['--limit-frame-bytes', '500'] });
	const request = (bytes) => {
		const bare = JSON.stringify({ type: 'room.list', data: {}, pad: '' });
		return { type: 'room.list', data: {}, pad: 'x'.repeat(bytes - bare.length) };
	};
	const client = await clientFor(t, server, { guest: 'Framed' });
	client.send(request(500));
	await client.waitFor('an answer', () => client.messages.find((message) => message.type === 'ok' && message.data.rooms));
	client.send(request(501));
	assert.equal((await client.waitClose()).code, 1009);
	const body = (bytes) => JSON.stringify({ guest: 'Body' }).padEnd(bytes);
	assert.equal((await post(server, 'session.start', {}, { body: body(500) })).status, 200);
	const refused = await post(server, 'session.start', {}, { body: body(501) });
	assert.equal(refused.status, 413);
	assert.equal(refused.json.data.code, 'too_large');
});

test('the limits of a signal and of a password are what the options say', async (t) => {
	const server = await serverFor(t, { args: ['--limit-signal-bytes', '10', '--limit-password-bytes', '20'] });
	const client = await clientFor(t, server, { guest: 'Signalling' });
	const room = (await client.request('room.create', { name: 'room' })).id;
	await client.request('signal.send', { room, name: 'n', data: '12345678' }); // with its quotes
	assert.match((await client.refused('signal.send', { room, name: 'n', data: '123456789' })).message, /signal_bytes/);
	await client.request('account.create', { name: 'short', password: 'p'.repeat(20) });
	assert.match((await client.refused('account.create', { name: 'long', password: 'p'.repeat(21) })).message, /the password is too long: it has 21 bytes, and may have 20/);
});

// How many of n requests at once were answered, and the codes of the others.
async function atOnce(n, ask) {
	const answers = await Promise.all(Array.from({ length: n }, (_, i) => ask(i).then(() => 'ok', (error) => error.code)));
	return { ok: answers.filter((answer) => answer === 'ok').length, codes: [...new Set(answers.filter((answer) => answer !== 'ok'))] };
}

test('passwords that wait beyond password_queue are told to come back', async (t) => {
	const tries = async (queue) => {
		const server = await serverFor(t, { args: ['--limit-password-queue', queue, '--limit-connection-waiting', '0'], env: slowPasswords });
		const client = await clientFor(t, server, { guest: 'Hasher' });
		return atOnce(12, (i) => client.request('account.create', { name: `account ${i}`, password: 'correct horse battery' }, { timeoutMs: 60000 }));
	};
	const { ok, codes } = await tries('1');
	assert.ok(ok >= 3 && ok < 12, `${ok} were made`); // two are hashed, one waits
	assert.deepEqual(codes, ['rate_limited']);
	assert.deepEqual(await tries('0'), { ok: 12, codes: [] });
});

test('what waits for the store beyond store_queue is told to come back, and nothing of it is stored', async (t) => {
	const server = await serverFor(t, { args: ['--limit-store-queue', '2', '--limit-connection-waiting', '0'] });
	const client = await clientFor(t, server, { guest: 'Storing' });
	const room = (await client.request('room.create', { name: 'room' })).id;
	const { ok, codes } = await atOnce(200, (i) => client.request('message.send', { room, text: `message ${i}` }));
	assert.ok(ok >= 2 && ok < 200, `${ok} were stored`);
	assert.deepEqual(codes, ['unavailable']);
	const { events } = await client.request('history.read', { room, limit: 200 });
	assert.equal(events.filter((event) => event.type === 'message.created').length, ok);
});
