// The kernel's send buffer for a peer that reads nothing is bounded. Without a bound the kernel lets it grow to 4 MiB.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { RawSocket } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';
import { queuesOf } from './lib/tcp.mjs';
import { until } from './lib/wait.mjs';

const MOST = 600 * 1024;

test('a stream that is not read holds a bounded part of the log in the kernel', async (t) => {
	const server = await serverFor(t);
	const client = await clientFor(t, server, { guest: fresh('Writer') });
	const { id } = await client.request('room.create', { name: fresh('room'), kind: 'public' });
	const text = 'x'.repeat(7900);
	for (let i = 0; i < 1500; i += 10) {
		await Promise.all(Array.from({ length: 10 }, () => client.request('message.send', { room: id, text })));
	}
	const raw = await RawSocket.connect(server);
	raw.socket.pause();
	raw.write(`GET /api/v1/events?room=${id}&after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${client.token}\r\n\r\n`);
	let last = -1;
	let same = 0;
	let most = 0;
	await until(20000, 'the socket to be full', async () => {
		await sleep(100);
		const now = queuesOf(server.port, raw.socket.localPort).unsent;
		same = now > 0 && now === last ? same + 1 : 0;
		last = now;
		most = Math.max(most, now);
		return same >= 5;
	});
	assert.ok(most > 0 && most <= MOST, `${most} bytes`);
	raw.destroy();
});
