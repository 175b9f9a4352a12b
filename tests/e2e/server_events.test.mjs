// Server-wide events: who has an account and which rooms there are, for consumers of the server's owners.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { run, startServer, temporaryDir } from './lib/server.mjs';

const PASSWORD = 'correct horse battery';
const WAIT_MS = 60000;

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const account = (name, on = server) => command(on, 'account.create', { name: fresh(name), password: PASSWORD });

async function promote({ user }, on = server) {
	const { code, stderr } = await run(clientBinary, ['admin', '--data', on.dataDir, 'owner', user.name, '--promote']);
	assert.equal(code, 0, stderr);
}

// An account with a consumer of server-wide events, which owns the server unless told otherwise.
async function reader({ on = server, owns = true, filter = { server: true } } = {}) {
	const by = await account('Olga', on);
	if (owns) {
		await promote(by, on);
	}
	const ask = (type, data = {}) => command(on, type, data, { token: by.token });
	await ask('consumer.create', { name: 'all', filter });
	return {
		...by, ask,
		promote: () => promote(by, on),
		read: async (wait_ms = 0) => (await ask('consumer.read', { consumer: 'all', wait_ms })).events,
		create: (data) => post(on, 'consumer.create', data, { token: by.token }),
	};
}

// Other tests of this file make accounts and rooms as well.
const about = (deliveries, ...ids) => deliveries.map((d) => d.event).filter((e) => ids.includes(e.data.user?.id ?? e.data.room));

test('accounts and rooms of every kind are told of, without a room and byte for byte, and guests are not', async (t) => {
	const olga = await reader();
	const ann = await account('Ann');
	const bot = await command(server, 'bot.create', { name: fresh('Bot') }, { token: ann.token });
	const guest = await clientFor(t, server, { guest: fresh('Guest') });
	const ask = (type, data) => command(server, type, data, { token: ann.token });
	const rooms = [];
	for (const kind of ['public', 'private']) {
		rooms.push(await ask('room.create', { name: fresh('room'), kind, topic: 'tea' }));
	}
	await ask('room.update', { room: rooms[1].id, topic: 'coffee' });
	await ask('message.send', { room: rooms[0].id, text: 'of no concern' });
	const seen = about(await olga.read(), ann.user.id, bot.user.id, guest.user.id, ...rooms.map((r) => r.id));
	assert.deepEqual(seen.map((e) => e.type), ['user.created', 'user.created', 'room.created', 'room.created', 'room.updated']);
	const by = { id: ann.user.id, name: ann.user.name, kind: 'person' };
	assert.deepEqual(seen.map((e) => e.data), [
		{ user: by },
		{ user: { id: bot.user.id, name: bot.user.name, kind: 'bot' } },
		...rooms.map((r) => ({ room: r.id, name: r.name, kind: r.kind, topic: 'tea', by })),
		{ room: rooms[1].id, topic: 'coffee', by },
	]);
	for (const event of seen) {
		assert.deepEqual(Object.keys(event), ['type', 'id', 'timestamp', 'seq', 'data']);
	}
	assert.ok(seen.every((e, i) => i === 0 || e.seq > seen[i - 1].seq));
});

test('who waits is told at once, and acknowledges like any other event', async () => {
	const olga = await reader({ filter: { server: true, types: ['user.created'] } });
	const waiting = olga.read(WAIT_MS);
	const ann = await account('Ann');
	const deliveries = await waiting;
	assert.ok(about(deliveries, ann.user.id).length === 1);
	assert.deepEqual(await olga.ask('consumer.ack', { consumer: 'all', deliveries: deliveries.map((d) => d.delivery) }), { acknowledged: deliveries.length });
});

test('only the server\'s owners read them, from when they became one', async () => {
	const pat = await reader({ owns: false });
	const before = await account('Ann');
	assert.deepEqual(about(await pat.read(), before.user.id), []);
	await pat.promote();
	const later = await account('Ann');
	const seen = await pat.read(WAIT_MS);
	assert.equal(about(seen, before.user.id).length, 0);
	assert.equal(about(seen, later.user.id).length, 1);
});

test('a filter takes them only where it says server, and then whatever its rooms are', async (t) => {
	const without = await reader({ filter: {} });
	const room = await without.ask('room.create', { name: fresh('room') });
	await without.ask('message.send', { room: room.id, text: 'inside' });
	const others = await account('Ann');
	const own = await without.read();
	assert.ok(own.length > 0 && own.every((d) => d.event.room === room.id));
	const only = await reader({ filter: { server: true, types: ['room.*'], rooms: [room.id] } });
	const other = await command(server, 'room.create', { name: fresh('room') }, { token: others.token });
	assert.deepEqual(about(await only.read(), other.id, others.user.id).map((e) => e.type), ['room.created']);
	for (const value of [1, 'true', null, []]) {
		assert.equal((await only.create({ name: 'none', filter: { server: value } })).json.data.code, 'invalid_request', JSON.stringify(value));
	}
	const client = await clientFor(t, server, { token: only.token });
	await client.refused('room.get', { room: '00000000-0000-4000-8000-000000000000' }, 'not_found');
});

test('what was answered before kill -9 is told afterwards', async (t) => {
	const dataDir = temporaryDir();
	let own = await startServer({ dataDir });
	const olga = await reader({ on: own });
	const ids = [];
	for (let i = 0; i < 5; i++) {
		ids.push((await account('Ann', own)).user.id);
	}
	await own.kill();
	own = await startServer({ dataDir });
	t.after(() => own.stop());
	const { events } = await command(own, 'consumer.read', { consumer: 'all' }, { token: olga.token });
	assert.deepEqual(events.map((d) => d.event.data.user.id), ids);
});
