import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { exportRoom } from '../faults/lib/checker.mjs';
import { Client, roomOf } from './lib/client.mjs';
import { EventStream, get } from './lib/http.mjs';
import { RawSocket, upgradeRequest } from './lib/raw.mjs';
import { startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const DRAIN_MS = 1000;
const draining = (...args) => startServer({ args: ['--drain-ms', String(DRAIN_MS), ...args] });
// A drain of this length ends after the tests: Server.stop() waits for seconds only.
const NEVER_MS = 3600000;

// The server reads its sockets in the order in which bytes arrive. So everything that arrived before a request was read when the request is answered.
const hasRead = (server) => get(server, '/healthz');

function connects(port) {
	return new Promise((resolve) => {
		const socket = net.connect(port, '127.0.0.1');
		socket.on('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.on('error', () => resolve(false));
	});
}

test('SIGTERM: clients are told when to come back, closed with 1001 spread over the window, and it ends with 0', async () => {
	const windowMs = 3 * DRAIN_MS; // much longer than this process may stand still, so that it sees the closes as they come
	const server = await startServer({ args: ['--drain-ms', String(windowMs)] });
	const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => Client.start(server, { guest: `Guest ${i}` })));
	const began = Date.now();
	server.signal('SIGTERM');
	const closes = await Promise.all(clients.map(async (client) => {
		const { code } = await client.waitClose();
		return { code, at: Date.now() - began, leaving: client.events.find((event) => event.type === 'server.leaving') };
	}));
	for (const { code, leaving } of closes) {
		assert.equal(code, 1001);
		assert.ok(leaving, 'server.leaving was not told');
		assert.ok(Number.isInteger(leaving.data.retry_after_ms) && leaving.data.retry_after_ms >= 0, JSON.stringify(leaving));
	}
	assert.ok(new Set(closes.map((close) => close.leaving.data.retry_after_ms)).size > 5, 'all come back at once');
	const times = closes.map((close) => close.at).sort((a, b) => a - b);
	assert.ok(times.at(-1) - times[0] > windowMs / 8, `closed at once: ${times}`);
	await server.stop();
});

test('SIGTERM: what was stored is acknowledged, what was not acknowledged is not stored', async (t) => {
	const server = await draining();
	const first = await Client.start(server, { guest: 'First' });
	const { id: room } = await first.request('room.create', { name: 'busy to the end' });
	const acknowledged = new Set();
	const senders = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
		const client = await Client.start(server, { guest: `Sender ${i}` }, { keep: false });
		await client.request('room.join', { room });
		return Array.from({ length: 4 }, async (__, lane) => {
			for (let n = 0; ; n++)
				acknowledged.add((await client.request('message.send', { room, text: `${i}/${lane}/${n}` })).seq);
		});
	}));
	const ends = Promise.allSettled(senders.flat());
	await until(30000, 'all to be at it', () => acknowledged.size >= 200);
	server.signal('SIGTERM');
	await ends;
	await server.waitExit();
	assert.deepEqual(server.exit, { code: 0, signal: null });
	const again = await startServer({ dataDir: server.dataDir });
	t.after(() => again.stop());
	const stored = (await exportRoom(again, room)).map((raw) => JSON.parse(raw)).filter((event) => event.type === 'message.created').map((event) => event.seq);
	t.diagnostic(`${stored.length} messages`);
	assert.deepEqual(stored.filter((seq) => !acknowledged.has(seq)), []);
	assert.equal(stored.length, acknowledged.size);
});

test('SIGTERM: no new connections, and /readyz is red on one that is open', async () => {
	const server = await draining();
	const client = await Client.start(server, { guest: 'Last' });
	const kept = await RawSocket.connect(server);
	kept.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
	assert.equal((await kept.readResponse()).status, 200);
	kept.write('GET /readyz HTTP/1.1\r\nHost: x\r\n'); // half a request: it is under way
	await hasRead(server);
	server.signal('SIGTERM');
	await client.waitEvent('server.leaving');
	kept.write('\r\n');
	const answer = await kept.readResponse();
	assert.equal(answer?.status, 503);
	assert.equal(answer.headers.connection, 'close');
	assert.equal(await connects(server.port), false);
	await client.waitClose();
	await server.stop();
});

test('SIGTERM: who is in the middle of asking for a WebSocket is told to come back', async () => {
	const server = await draining();
	const client = await Client.start(server, { guest: 'Last' });
	const raw = await RawSocket.connect(server);
	raw.write(upgradeRequest().slice(0, -2));
	await hasRead(server);
	server.signal('SIGTERM');
	await client.waitEvent('server.leaving');
	raw.write('\r\n');
	const answer = await raw.readResponse();
	assert.equal(answer?.status, 503);
	assert.ok(Number(answer.headers['retry-after']) > 0, answer.headers['retry-after']);
	assert.equal(JSON.parse(answer.body).data.code, 'unavailable');
	await raw.waitEnd();
	await client.waitClose();
	await server.stop();
});

test('SIGTERM: half a request that never becomes a whole one does not hold up the end', async () => {
	const server = await draining('--limit-header-ms', '0');
	const raw = await RawSocket.connect(server);
	raw.write('GET /');
	await hasRead(server);
	await server.stop();
	assert.match(server.stderr, /drain\.done .*cut=0/, 'it was there until the time was over for everybody');
});

test('SIGTERM: a connection on which nothing was asked does not hold up the end', async (t) => {
	const server = await startServer({ args: ['--drain-ms', String(NEVER_MS), '--limit-header-ms', '0'] });
	const raw = await RawSocket.connect(server);
	t.after(() => raw.destroy());
	await hasRead(server);
	await server.stop();
});

test('SIGTERM: what was asked is answered, acknowledged and kept', async (t) => {
	const server = await draining();
	const { room, clients: [client] } = await roomOf(server, 'room');
	const sends = Array.from({ length: 500 }, (_, i) => client.request('message.send', { room: room.id, text: `${i}` }).then((ok) => ok, () => undefined));
	await sends[0];
	server.signal('SIGTERM');
	const answers = (await Promise.all(sends)).filter(Boolean);
	await server.stop();
	t.diagnostic(`${answers.length} of 500 acknowledged`);
	assert.equal(answers.length, 500);
	const again = await startServer({ dataDir: server.dataDir });
	const back = await Client.start(again, { token: client.token, resume: { [room.id]: 0 } });
	await back.waitSeq(room.id, 502);
	const ids = new Map(back.events.map((event) => [event.seq, event.id]));
	for (const { seq, id } of answers) {
		assert.equal(ids.get(seq), id);
	}
	await back.close();
	await again.stop();
});

test('SIGTERM: event streams end too', async () => {
	const server = await draining();
	const { room, clients: [client] } = await roomOf(server, 'room');
	const stream = await EventStream.open(server, `room=${room.id}`, { token: client.token });
	server.signal('SIGTERM');
	await stream.waitEnd();
	await client.waitClose();
	await server.stop();
});

test('SIGTERM: a client that does not read or answer does not hold up the end', async () => {
	const server = await draining();
	const { room, clients: [writer, deaf] } = await roomOf(server, 'room', 2);
	deaf.pause();
	for (let i = 0; i < 20; i++) {
		await Promise.all(Array.from({ length: 50 }, () => writer.request('message.send', { room: room.id, text: 'x'.repeat(8000) })));
	}
	await server.stop();
	deaf.terminate();
});

test('without connections SIGTERM ends it at once', async () => {
	const server = await startServer({ args: ['--drain-ms', String(NEVER_MS)] });
	assert.equal((await get(server, '/healthz')).status, 200);
	await server.stop();
});

test('a second SIGTERM ends it at once', async () => {
	const server = await startServer({ args: ['--drain-ms', String(NEVER_MS)] });
	const client = await Client.start(server, { guest: 'Held' });
	server.signal('SIGTERM');
	await client.waitEvent('server.leaving');
	await server.stop();
});
