// The server as a service: sockets that the manager hands over, the states that it is told, and a new process that listens before the old one leaves.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { binary, serviceManager } from './lib/env.mjs';
import { command, get } from './lib/http.mjs';
import { run, serverFor, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const handing = (kind) => [serviceManager, kind];

test('a socket that the manager hands over is served, and the manager hears of it', async (t) => {
	const server = await serverFor(t, { listen: [], launcher: handing('stream'), env: { WATCHDOG_USEC: '100000' } });
	assert.match(server.stdout, new RegExp(`service_manager: port ${server.port}\\n`));
	assert.doesNotMatch(server.stderr, /listen\.replaced/);
	const client = await clientFor(t, server, { guest: fresh('Served') });
	const { id: room } = await client.request('room.create', { name: fresh('room') });
	const { seq } = await client.request('message.send', { room, text: 'over a socket of the manager' });
	await client.waitSeq(room, seq);
	await until(30000, 'the watchdog to be fed', () => (server.stdout.match(/service_manager: WATCHDOG=1/g) ?? []).length >= 3);
	assert.match(server.stdout, /service_manager: READY=1/);
	assert.doesNotMatch(server.stdout, /STOPPING=1/);
	await server.stop();
	assert.match(server.stdout, /service_manager: STOPPING=1\nEXTEND_TIMEOUT_USEC=\d+/);
});

test('handed sockets take the place of --listen, and the log says so', async (t) => {
	const server = await serverFor(t, { listen: ['127.0.0.1:0'], launcher: handing('stream') });
	assert.deepEqual(server.addresses, [`http://127.0.0.1:${/service_manager: port (\d+)/.exec(server.stdout)[1]}`]);
	assert.match(server.stderr, /listen\.replaced/);
	assert.equal((await get(server, '/healthz')).status, 200);
});

for (const [kind, says] of [['idle', 'does not listen'], ['datagram', 'is not a stream socket'], ['closed', 'is not a socket']]) {
	test(`a handed descriptor that ${says} is a fault at start that names it`, async () => {
		const ended = await run(serviceManager, [kind, binary, '--data', temporaryDir()]);
		assert.equal(ended.code, 1, ended.stderr);
		assert.match(ended.stderr, new RegExp(`parleyd: descriptor 3, which LISTEN_FDS hands over, ${says}\n`));
		assert.doesNotMatch(ended.stdout, /listening on/);
	});
}

for (const count of ['-1', '1x', '', '99999']) {
	test(`LISTEN_FDS=${count} is a fault at start that names it`, async () => {
		const script = 'LISTEN_PID=$$ exec "$@"';
		const ended = await run('/bin/sh', ['-c', script, 'sh', binary, '--data', temporaryDir()], { env: { LISTEN_FDS: count } });
		assert.equal(ended.code, 1, ended.stderr);
		assert.match(ended.stderr, new RegExp(`parleyd: LISTEN_FDS is not a number of descriptors: ${count}\n`));
	});
}

test('with --reuse-port a new process listens where the old one still does', async (t) => {
	const args = ['--reuse-port', 'on'];
	const old = await serverFor(t, { args });
	const next = await serverFor(t, { args, port: old.port });
	assert.equal(next.port, old.port);
	await old.stop();
	for (let i = 0; i < 20; i++) {
		await command(next, 'session.start', { guest: fresh('Guest') });
	}
	const refused = await run(binary, ['--listen', `127.0.0.1:${next.port}`, '--data', temporaryDir()]);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /another program listens there/);
});
