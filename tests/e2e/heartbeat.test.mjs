import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, clientFor } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { Proxy } from './lib/proxy.mjs';
import { frame, openWebSocket } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

// Each waits most of its time: side by side.
describe('heartbeats', { concurrency: true }, () => {
	test('the server pings, and who answers stays', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '200', '--limit-idle-ms', '3000', '--limit-sign-in-ms', '300'] });
		const client = await clientFor(t, server, { guest: 'Alive' });
		assert.equal(client.hello.heartbeat_ms, 200);
		await sleep(5000);
		assert.ok(client.pings >= 5, `${client.pings} pings in 5 s`);
		await client.settle();
	});

	test('who does not answer is closed with 4002', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '200', '--limit-idle-ms', '3000', '--limit-sign-in-ms', '0'] });
		const began = Date.now();
		const raw = await openWebSocket(server); // answers no ping
		const close = await raw.readClose(15000);
		assert.equal(close?.code, 4002);
		assert.ok(Date.now() - began > 900, `${Date.now() - began} ms`);
	});

	// Two pings fit into limits.idle_ms, however long the heartbeat and the time to sign in.
	for (const [name, args] of [['heartbeat', ['--heartbeat-ms', '60000', '--limit-sign-in-ms', '300']], ['time to sign in', ['--limit-sign-in-ms', '60000', '--heartbeat-ms', '1000']]]) {
		test(`a ${name} longer than the silence that is allowed closes nobody who answers`, async (t) => {
			const server = await serverFor(t, { args: ['--limit-idle-ms', '3000', ...args] });
			const client = await clientFor(t, server, { guest: 'Listening' });
			assert.ok(client.hello.heartbeat_ms <= 1333, `${client.hello.heartbeat_ms}`);
			await sleep(9000);
			assert.ok(client.pings >= 4, `${client.pings} pings in 9 s`);
			await client.settle();
		});

		test(`a ${name} longer than the silence that is allowed delays no end of one who does not answer`, async (t) => {
			const server = await serverFor(t, { args: ['--limit-idle-ms', '3000', ...args] });
			const raw = await openWebSocket(server); // answers no ping
			raw.write(frame({ payload: '{"type":"session.start","ref":1,"data":{"guest":"Silent"}}' }));
			const began = Date.now();
			assert.equal((await raw.readClose(10000))?.code, 4002);
			assert.ok(Date.now() - began > 2000, `${Date.now() - began} ms`);
		});
	}

	test('a black-holed connection is let go of, and others are not', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '200', '--limit-idle-ms', '3000', '--limit-sign-in-ms', '300'] });
		const proxy = await Proxy.start(server.port);
		t.after(() => proxy.close());
		const alive = await clientFor(t, server, { guest: 'Alive' });
		const before = server.fds();
		const lost = await Client.start(proxy, { guest: 'Lost' });
		assert.equal(server.fds(), before + 1);
		proxy.blackHole();
		await until(15000, 'the server to let go of it', () => server.fds() === before, 100);
		await alive.settle();
		lost.terminate();
	});

	test('pings of a client are answered', async (t) => {
		const server = await serverFor(t, {});
		const client = await clientFor(t, server, { guest: 'Pinging' });
		const pong = new Promise((resolve) => {
			client.socket.once('pong', resolve);
		});
		client.socket.ping('are you there');
		assert.equal((await pong).toString(), 'are you there');
	});

	test('any word of a client counts as a sign of life', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '60000', '--limit-idle-ms', '3000'] });
		const client = await clientFor(t, server, { guest: 'Talking' });
		for (let i = 0; i < 20; i++) {
			await sleep(250);
			await client.settle();
		}
	});
});
