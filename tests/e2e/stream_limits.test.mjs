import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { RawSocket } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';

const head = (client, query) => `GET /api/v1/events?${query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n\r\n`;

test('an event stream that is refused says so in valid JSON, whatever the room was called', async (t) => {
	const server = await serverFor(t);
	const client = await clientFor(t, server, { guest: fresh('Asker') });
	for (const name of ['%ff%fe%c3', `${'a'.repeat(63)}%c3%a9`]) {
		const raw = await RawSocket.connect(server);
		t.after(() => raw.destroy());
		raw.write(head(client, `room=${name}`));
		const { status, headers } = await raw.readHead();
		const body = await raw.wait('the body', () => (raw.bytes.length >= Number(headers['content-length']) ? raw.bytes : undefined));
		assert.equal(status, 404);
		assert.equal(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)).data.code, 'not_found');
	}
});

const IDLE_MS = 3000;
const PIECE = 60000;

test('an event stream that is always behind, but takes what it is given, is not cut as a silent one', { timeout: 120000 }, async (t) => {
	const server = await serverFor(t, { args: ['--limit-idle-ms', String(IDLE_MS), '--heartbeat-ms', '500'] });
	const client = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	for (let i = 0; i < 8000; i += 100) {
		await Promise.all(Array.from({ length: 100 }, () => client.request('message.send', { room, text: 'z'.repeat(2000) }, { timeoutMs: 60000 })));
	}
	const earlier = await metricsOf(server);
	const socket = net.connect(server.port, '127.0.0.1');
	let ended = false, nBytes = 0, nPieces = 0;
	socket.on('close', () => { ended = true; }).on('error', () => {}).on('readable', () => {}).pause();
	socket.write(head(client, `room=${room}&after=0`));
	// At most 600 kB a second of 18 MB, which the kernel's buffers do not hold, for three times the silence that is allowed.
	for (const began = Date.now(); !ended && (Date.now() - began < 3 * IDLE_MS || nPieces < 60);) {
		await sleep(100);
		const piece = socket.read(PIECE);
		nBytes += piece?.length ?? 0;
		nPieces += piece ? 1 : 0;
	}
	assert.ok(!ended, `cut after ${nBytes} bytes`);
	const now = await metricsOf(server);
	assert.equal(now.get('parley_closed_total{reason="silent"}'), 0, 'cut, and the kernel still holds what was sent');
	const bytesOut = now.get('parley_bytes_out_total') - earlier.get('parley_bytes_out_total');
	assert.ok(bytesOut < 17e6, `${bytesOut} bytes went out: it was not behind`);
	socket.destroy();
});
