// The memory that one client can make the server keep: replies, personal events, pieces of event streams.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { clientFor, fresh } from './lib/client.mjs';
import { memoryScale, scaled } from './lib/env.mjs';
import { command, request } from './lib/http.mjs';
import { metricsOf, restAfter } from './lib/metrics.mjs';
import { RawSocket, frame, openWebSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const MIB = 1024 * 1024;
// The sanitizer's quarantine of freed memory is not counted.
const env = { ASAN_OPTIONS: 'quarantine_size_mb=1' };
const bound = (mib) => mib * memoryScale * MIB;

async function send(client, room, n, text) {
	for (let i = 0; i < n; i += 100) {
		await Promise.all(Array.from({ length: 100 }, () => client.request('message.send', { room, text }, { timeoutMs: 60000 })));
	}
}

function certificate() {
	const dir = temporaryDir();
	const files = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', files.key, '-out', files.cert, '-days', '2',
		'-subj', '/CN=localhost'], { stdio: 'ignore' });
	return files;
}

test('hundreds of requests in one TLS record are answered in turn, and not kept as answers', { timeout: scaled(120000) }, async (t) => {
	const files = certificate();
	const server = await serverFor(t, { env, args: ['--tls-cert', files.cert, '--tls-key', files.key] });
	const writer = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false, wsOptions: { rejectUnauthorized: false } });
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	await send(writer, room, 200, 'z'.repeat(1200));
	const socket = tls.connect(server.port, '127.0.0.1', { rejectUnauthorized: false });
	t.after(() => socket.destroy());
	await new Promise((resolve) => socket.once('secureConnect', resolve));
	const greedy = new RawSocket(socket);
	greedy.write(upgradeRequest());
	await greedy.readHead();
	greedy.write(frame({ payload: JSON.stringify({ type: 'session.start', ref: 'start', data: { token: writer.token } }) }));
	while ((await greedy.readMessage()).ref !== 'start');
	socket.pause();
	const earlier = await metricsOf(server);
	const before = server.rss();
	const requests = Array.from({ length: 150 }, (_, ref) => frame({ payload: JSON.stringify({ type: 'history.read', ref, data: { room, limit: 200 } }) }));
	greedy.write(Buffer.concat(requests)); // fits into one record of 16 KiB; the answers have 38 MB
	const now = await restAfter(server, earlier, 'parley_requests_total', 2);
	const growth = server.rss() - before;
	const taken = now.get('parley_requests_total') - earlier.get('parley_requests_total');
	t.diagnostic(`memory grew by ${Math.round(growth / 1024)} KiB; ${taken} requests were taken`);
	assert.ok(taken < requests.length, 'all were taken');
	assert.ok(growth < bound(16), `${growth} bytes`);
	socket.resume();
	const refs = [];
	while (refs.length < requests.length) {
		const message = await greedy.readMessage(30000);
		assert.equal(message.type, 'ok');
		refs.push(message.ref);
	}
	assert.deepEqual(refs.sort((a, b) => a - b), Array.from({ length: 150 }, (_, i) => i));
});

test('requests in one TLS record with the close frame behind them are all carried out', { timeout: scaled(60000) }, async (t) => {
	const files = certificate();
	const server = await serverFor(t, { args: ['--tls-cert', files.cert, '--tls-key', files.key] });
	const reader = await clientFor(t, server, { guest: fresh('Reader') }, { wsOptions: { rejectUnauthorized: false } });
	const room = (await reader.request('room.create', { name: fresh('room') })).id;
	const socket = tls.connect(server.port, '127.0.0.1', { rejectUnauthorized: false });
	t.after(() => socket.destroy());
	await new Promise((resolve) => socket.once('secureConnect', resolve));
	const hasty = new RawSocket(socket);
	hasty.write(upgradeRequest());
	await hasty.readHead();
	hasty.write(frame({ payload: JSON.stringify({ type: 'session.start', ref: 'start', data: { token: reader.token } }) }));
	while ((await hasty.readMessage()).ref !== 'start');
	const sends = Array.from({ length: 60 }, (_, i) => frame({ payload: JSON.stringify({ type: 'message.send', data: { room, text: `${i}` } }) }));
	hasty.write(Buffer.concat([...sends, frame({ opcode: 8 })]));
	await reader.waitSeq(room, 62);
	assert.deepEqual(reader.texts(room), Array.from({ length: 60 }, (_, i) => `${i}`));
});

test('a connection that does not take the personal events of its account is closed before they pile up', { timeout: scaled(120000) }, async (t) => {
	const server = await serverFor(t, { env, args: ['--limit-idle-ms', '0'] });
	const client = await clientFor(t, server, { guest: fresh('Two tabs') }, { keep: false });
	const owner = await clientFor(t, server, { guest: fresh('Owner') }, { keep: false });
	const make = () => owner.request('room.create', { name: fresh('room'), topic: 'x'.repeat(500) });
	const rooms = (await Promise.all(Array.from({ length: 32 }, make))).map(({ id }) => id);
	// 32 KB of personal events each time: 450 times are more than the kernel's buffers (about 6 MB) and the outbox hold.
	const comeAndGo = async (times) => {
		for (let i = 0; i < times; i++) {
			await Promise.all(rooms.map((room) => client.request('room.join', { room }, { timeoutMs: 60000 })));
			await Promise.all(rooms.map((room) => client.request('room.leave', { room }, { timeoutMs: 60000 })));
		}
	};
	await comeAndGo(100); // what the store and the rooms take for it is not what is measured
	const stalled = await openWebSocket(server);
	t.after(() => stalled.destroy());
	stalled.write(frame({ payload: JSON.stringify({ type: 'session.start', data: { token: client.token } }) }));
	await stalled.readMessage();
	stalled.socket.pause();
	const before = server.rss();
	await comeAndGo(450);
	const growth = server.rss() - before;
	t.diagnostic(`memory grew by ${Math.round(growth / 1024)} KiB`);
	assert.ok(growth < bound(6), `${growth} bytes`);
	await until(30000, 'the connection to be closed', async () => /^parley_sessions 2$/m.test(await (await fetch(`${server.url}/metrics`)).text()));
});

test('a stalled event stream of many rooms is given no more in one write than one of a single room', { timeout: scaled(120000) }, async (t) => {
	const server = await serverFor(t, { env });
	const client = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false });
	const rooms = [];
	for (let i = 0; i < 32; i++) {
		rooms.push((await client.request('room.create', { name: fresh('room') })).id);
	}
	await send(client, rooms[0], 6000, 'x');
	const earlier = await metricsOf(server);
	const before = server.rss();
	for (let i = 0; i < 20; i++) {
		const raw = await RawSocket.connect(server);
		t.after(() => raw.destroy());
		raw.socket.pause();
		raw.write(`GET /api/v1/events?${rooms.map((room) => `room=${room}`).join('&')}&after=${rooms[0]}:0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n\r\n`);
	}
	await restAfter(server, earlier, 'parley_log_pages_total', 20);
	const each = (server.rss() - before) / 20;
	t.diagnostic(`${Math.round(each / 1024)} KiB for each stream`);
	assert.ok(each < bound(0.25), `${each} bytes`);
});

test('bodies for hooks that do not exist are not kept, however many come at once, and right ones get through meanwhile', { timeout: scaled(120000) }, async (t) => {
	const SENDERS = 2000;
	const SENT = 100000;
	const server = await serverFor(t, { env });
	const { token } = await command(server, 'session.start', { guest: fresh('Owner') });
	const room = (await command(server, 'room.create', { name: fresh('room') }, { token })).id;
	const { url } = await command(server, 'hook.create', { room, name: 'Right' }, { token });
	const earlier = await metricsOf(server);
	const before = server.rss();
	const begun = Buffer.concat([Buffer.from(`POST /hooks/${'x'.repeat(43)} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`), Buffer.alloc(SENT, ' ')]);
	for (let i = 0; i < SENDERS; i += 100) {
		const some = await Promise.all(Array.from({ length: 100 }, () => RawSocket.connect(server)));
		some.forEach((raw) => raw.write(begun));
		t.after(() => some.forEach((raw) => raw.destroy()));
	}
	await restAfter(server, earlier, 'parley_bytes_in_total', SENDERS * begun.length);
	const growth = server.rss() - before;
	t.diagnostic(`memory grew by ${Math.round(growth / 1024)} KiB for ${Math.round((SENDERS * SENT) / MIB)} MiB`);
	assert.ok(growth < bound(32), `${growth} bytes`);
	const right = await request(server, 'POST', url, { body: JSON.stringify({ text: 'right', more: 'x'.repeat(1000000) }) });
	assert.deepEqual([right.status, right.text], [200, 'ok']);
});
