import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client, clientFor } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { untilMetrics } from './lib/metrics.mjs';
import { Proxy } from './lib/proxy.mjs';
import { frame, openWebSocket } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

// A signed-in client that answers no ping. The time of silence is counted from before its first message.
async function silent(server) {
	const raw = await openWebSocket(server);
	raw.began = Date.now();
	raw.write(frame({ payload: '{"type":"session.start","ref":1,"data":{"guest":"Silent"}}' }));
	return raw;
}

// Each test waits most of its time, so they run side by side.
describe('heartbeats', { concurrency: true }, () => {
	test('the server pings, and who answers stays', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '200', '--limit-idle-ms', '3000', '--limit-sign-in-ms', '2000'] });
		const client = await clientFor(t, server, { guest: 'Alive' });
		assert.equal(client.hello.heartbeat_ms, 200);
		const later = await silent(server); // it came later and is closed for its silence, so its answers keep the first one
		assert.equal((await later.readClose(30000))?.code, 4002);
		assert.ok(client.pings >= 5, `${client.pings} pings`);
		await client.settle();
	});

	test('who does not answer is closed with 4002', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '200', '--limit-idle-ms', '3000', '--limit-sign-in-ms', '0'] });
		const began = Date.now();
		const raw = await openWebSocket(server); // answers no ping
		const close = await raw.readClose(30000);
		assert.equal(close?.code, 4002);
		assert.ok(Date.now() - began > 900, `${Date.now() - began} ms`);
	});

	// Two pings fit into limits.idle_ms, for any heartbeat and any time to sign in.
	for (const [name, args] of [['heartbeat of default', ['--limit-sign-in-ms', '2000']], ['time to sign in', ['--limit-sign-in-ms', '60000', '--heartbeat-ms', '1000']]]) {
		test(`a ${name} longer than the silence that is allowed closes nobody who answers`, async (t) => {
			const server = await serverFor(t, { args: ['--limit-idle-ms', '3000', ...args] });
			const client = await clientFor(t, server, { guest: 'Listening' });
			assert.ok(client.hello.heartbeat_ms <= 1333, `${client.hello.heartbeat_ms}`);
			for (let i = 0; i < 2; i++) { // twice the silence that is allowed
				assert.equal((await (await silent(server)).readClose(30000))?.code, 4002);
			}
			assert.ok(client.pings >= 4, `${client.pings} pings`);
			await client.settle();
		});

		test(`a ${name} longer than the silence that is allowed delays no end of one who does not answer`, async (t) => {
			const server = await serverFor(t, { args: ['--limit-idle-ms', '3000', ...args] });
			const raw = await silent(server);
			assert.equal((await raw.readClose(30000))?.code, 4002);
			assert.ok(Date.now() - raw.began > 2900, `${Date.now() - raw.began} ms`);
		});
	}

	test('a black-holed connection is let go of, and others are not', async (t) => {
		const server = await serverFor(t, { args: ['--heartbeat-ms', '200', '--limit-idle-ms', '3000', '--limit-sign-in-ms', '2000'] });
		const proxy = await Proxy.start(server.port);
		t.after(() => proxy.close());
		const alive = await clientFor(t, server, { guest: 'Alive' });
		const before = server.fds();
		const alone = (now) => now.get('parley_sessions') === 1; // one's own connection that asks is no session
		const lost = await Client.start(proxy, { guest: 'Lost' });
		assert.equal(server.fds(), before + 1);
		proxy.blackHole();
		await untilMetrics(server, 'the server to let go of it', alone);
		await until(30000, 'its descriptor to be closed', () => server.fds() === before, 100);
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
		const server = await serverFor(t, { args: ['--limit-idle-ms', '3000'] });
		const talking = await silent(server); // answers no ping either, but talks
		t.after(() => talking.destroy());
		const quiet = await silent(server);
		const quietClosed = quiet.readClose(30000);
		while (!quiet.ended) {
			talking.write(frame({ payload: '{"type":"room.list","ref":2}' }));
			await sleep(250);
		}
		assert.equal((await quietClosed)?.code, 4002);
		talking.write(frame({ payload: '{"type":"room.list","ref":"last"}' }));
		let answer;
		do {
			answer = await talking.readMessage();
		} while (answer && answer.ref !== 'last');
		assert.equal(answer?.type, 'ok', 'the one who talked was closed');
	});
});
