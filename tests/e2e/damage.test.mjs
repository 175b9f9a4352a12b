// The database file is damaged under a running server. A client that asks for the damaged part is told, and no other client notices.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { flipIn, overwritePageOf } from './lib/damage.mjs';
import { clientBinary } from './lib/env.mjs';
import { EventStream, command, get, post, untilReadyIs } from './lib/http.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { Proxy } from './lib/proxy.mjs';
import { keepRunning, run, serverFor, startServer, temporaryDir } from './lib/server.mjs';

const LAST = 150;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const textOf = (name, seq) => `${name} says ${seq}. ${'x'.repeat(200)}`;

// Three rooms whose logs are in the file, and in no process's memory: {server, token, rooms: {first, hurt, last}, file}.
async function place(t) {
	const old = await startServer({ dataDir: temporaryDir() });
	const { token } = await command(old, 'session.start', { guest: fresh('Writer') });
	const rooms = {};
	for (const name of ['first', 'hurt', 'last']) {
		rooms[name] = (await command(old, 'room.create', { name }, { token })).id;
	}
	for (const name of Object.keys(rooms)) {
		await Promise.all(range(3, LAST).map((i) => command(old, 'message.send', { room: rooms[name], text: textOf(name, i) }, { token })));
	}
	await old.stop();
	const server = await serverFor(t, { dataDir: old.dataDir });
	return { server, token, rooms, file: join(old.dataDir, 'parley.db') };
}

// Sends that were under way together got their seqs in any order: the text at a seq.
async function textAt(at, name, seq) {
	const { events } = await command(at.server, 'history.read', { room: at.rooms[name], after: seq - 1, limit: 1 }, { token: at.token });
	return events[0].data.text;
}

const read = (at, name, data) => post(at.server, 'history.read', { room: at.rooms[name], ...data }, { token: at.token });

async function assertOthersGoOn(at) {
	for (const name of ['first', 'last']) {
		const { last_seq: top } = await command(at.server, 'room.get', { room: at.rooms[name] }, { token: at.token }).then(({ room }) => room);
		const sent = await command(at.server, 'message.send', { room: at.rooms[name], text: 'on' }, { token: at.token });
		assert.equal(sent.seq, top + 1);
		const { events } = await command(at.server, 'history.read', { room: at.rooms[name], limit: 200 }, { token: at.token });
		assert.deepEqual(events.map((event) => event.seq), range(1, top + 1));
	}
}

async function assertHurtIsTold(at, from, to) {
	const says = new RegExp(`the stored data is damaged: seq ${from} to ${to} of this room cannot be read`);
	for (const where of [{ after: from - 1 }, { before: to + 1 }, { after: from - 1, limit: 1 }]) {
		const { status, json, headers } = await read(at, 'hurt', where);
		assert.deepEqual([status, json.data.code, json.data.retryable], [503, 'unavailable', false], json.data.message);
		assert.match(json.data.message, says);
		assert.equal(headers['retry-after'], undefined);
	}
	const below = (await read(at, 'hurt', { after: 0, limit: 200 })).json.data;
	assert.deepEqual([below.events.map((event) => event.seq), below.more], [range(1, from - 1), true]);
	const above = (await read(at, 'hurt', { limit: 200 })).json.data;
	assert.deepEqual([above.events.map((event) => event.seq), above.more], [range(to + 1, LAST), true]);
	for (const [type, data] of [['message.send', { text: 'no' }], ['read.mark', { seq: LAST + 1 }], ['room.update', { topic: 'no' }], ['room.leave', {}]]) {
		const { status, json } = await post(at.server, type, { room: at.rooms.hurt, ...data }, { token: at.token });
		assert.deepEqual([status, json.data.code, json.data.retryable], [503, 'unavailable', false], type);
	}
}

const gapOf = (from, to) => ({ from, to, reason: 'damaged' });

async function assertReadersAreTold(t, at, from, to) {
	const client = await clientFor(t, at.server, { token: at.token, resume: { [at.rooms.hurt]: 0 } });
	await client.waitSeq(at.rooms.hurt, LAST);
	const mine = client.events.filter((event) => event.room === at.rooms.hurt);
	assert.deepEqual(mine.map((event) => event.seq ?? event.data), [...range(1, from - 1), gapOf(from, to), ...range(to + 1, LAST)]);
	const stream = await EventStream.open(at.server, `room=${at.rooms.hurt}&after=0`, { token: at.token });
	t.after(() => stream.close());
	const all = await stream.waitFor('the last event', () => stream.events.at(-1)?.data.seq === LAST && stream.events);
	assert.deepEqual(all.map(({ data }) => data.seq ?? data.data), [...range(1, from - 1), gapOf(from, to), ...range(to + 1, LAST)]);
}

async function assertOperatorIsTold(at, from, to) {
	const ready = await untilReadyIs(at.server, 503);
	assert.match(ready.text, /the stored data is damaged/);
	assert.equal((await get(at.server, '/healthz')).status, 200);
	const metrics = await metricsOf(at.server);
	assert.equal(metrics.get('parley_damaged_rooms'), 1);
	assert.ok(metrics.get('parley_damaged_reads_total') > 0);
	const logged = at.server.stderr.split('\n').filter((line) => line.includes('store.damaged'));
	assert.equal(logged.length, 1, logged.join('\n'));
	for (const part of [`file="${at.file}"`, `room="${at.rooms.hurt}"`, `from_seq=${from}`, `to_seq=${to}`]) {
		assert.ok(logged[0].includes(part), `${part}: ${logged[0]}`);
	}
	const verify = await run(clientBinary, ['admin', '--data', at.server.dataDir, 'verify']);
	assert.equal(verify.code, 1, verify.stdout);
	assert.match(verify.stdout + verify.stderr, new RegExp(`room 2 \\(${at.rooms.hurt}\\): seq ${from}( to ${to} are| is) damaged`));
	const exported = await run(clientBinary, ['admin', '--data', at.server.dataDir, 'export', 'hurt']);
	assert.equal(exported.code, 1);
	assert.match(exported.stderr, new RegExp(`damaged: seq ${from} to ${to}`));
	assert.deepEqual(exported.stdout.trim().split('\n').map((line) => JSON.parse(line).seq), range(1, from - 1));
}

test('a leaf of a room\'s log is overwritten under the server', async (t) => {
	const at = await place(t);
	const { file } = at;
	overwritePageOf(file, 'hurt says 60.');
	const first = await read(at, 'hurt', { after: 0, limit: 200 });
	assert.equal(first.status, 200);
	const from = first.json.data.events.length + 1;
	const { json } = await read(at, 'hurt', { after: from - 1 });
	const to = Number(/seq \d+ to (\d+)/.exec(json.data.message)[1]);
	assert.ok(to > from && to < from + 40, json.data.message);
	await assertHurtIsTold(at, from, to);
	await assertReadersAreTold(t, at, from, to);
	await assertOthersGoOn(at);
	await assertOperatorIsTold(at, from, to);
});

test('one bit of an event is another, on a server that was killed', async (t) => {
	const before = await place(t);
	const text = await textAt(before, 'hurt', 60);
	await before.server.kill();
	flipIn(before.file, text.slice(0, 20));
	const at = { ...before, server: await serverFor(t, { dataDir: before.server.dataDir }) };
	assert.equal((await get(at.server, '/readyz')).status, 200, 'nobody knows yet');
	await assertHurtIsTold(at, 60, 60);
	await assertReadersAreTold(t, at, 60, 60);
	await assertOthersGoOn(at);
	await assertOperatorIsTold(at, 60, 60);
	// The file is repaired and verified: everything works again.
	flipIn(at.file, String.fromCharCode(text.charCodeAt(0) ^ 1) + text.slice(1, 20));
	await untilReadyIs(at.server, 503);
	const again = await serverFor(t, { dataDir: (await at.server.stop()).dataDir });
	assert.deepEqual((await command({ socketPath: again.operatorSocket }, 'admin.verify', {})).faults, []);
	assert.equal((await get(again, '/readyz')).status, 200);
	assert.equal((await command(again, 'message.send', { room: at.rooms.hurt, text: 'on' }, { token: at.token })).seq, LAST + 1);
});

test('parley tail says what is missing and goes on', async (t) => {
	const at = await place(t);
	const { port } = at.server;
	const proxy = await Proxy.start(port);
	t.after(() => proxy.close());
	const tokenFile = join(temporaryDir(), 'token');
	writeFileSync(tokenFile, at.token, { mode: 0o600 });
	const follower = keepRunning(t, clientBinary, ['--server', proxy.url, '--token-file', tokenFile, 'tail', 'first', '--after', `${LAST}`, '--json']);
	const send = (text) => command(at.server, 'message.send', { room: at.rooms.first, text }, { token: at.token });
	await send('one more');
	await follower.says('one more');
	proxy.targetPort = 1; // nobody there
	proxy.resetAll();
	await follower.says('connection');
	for (let i = 0; i < 10; i++) {
		await send(`meanwhile ${i} ${'x'.repeat(100)}`);
	}
	await at.server.stop();
	flipIn(at.file, 'meanwhile 4 ');
	at.server = await serverFor(t, { dataDir: at.server.dataDir });
	proxy.targetPort = at.server.port;
	await follower.says('meanwhile 9');
	const events = follower.lines().map((line) => JSON.parse(line)).filter((event) => event.seq || event.type === 'room.gap');
	assert.deepEqual(events.map((event) => event.seq ?? event.data), [...range(LAST + 1, LAST + 5), gapOf(LAST + 6, LAST + 6), ...range(LAST + 7, LAST + 11)]);
});
