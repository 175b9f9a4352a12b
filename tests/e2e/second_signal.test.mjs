import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { sleep, slowPasswords } from './lib/env.mjs';
import { untilMetrics } from './lib/metrics.mjs';
import { frame, openWebSocket } from './lib/raw.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const N_CONNECTIONS = 2;
const N = 3; // passwords of each; the server's end waits for those that a thread has begun with, and drops the others

const areAsked = (server, n) => untilMetrics(server, 'the passwords to be under way', (now) => now.get('parley_requests_total') >= n);
const drainHasBegun = (server) => until(30000, 'the beginning of the drain in the log', () => /drain\.begin .*note="a second signal ends at once"/.test(server.stderr));

test('a second SIGTERM ends the server at once and well, with passwords being hashed and looked up', { timeout: 60000 }, async () => {
	const server = await startServer({ args: ['--drain-ms', '30000', '--limit-password-queue', '0'], env: slowPasswords });
	for (let i = 0; i < 2 * N_CONNECTIONS; i++) {
		const raw = await openWebSocket(server);
		for (let n = 0; n < N; n++) {
			const data = { name: `account ${i} ${n}`, password: 'long enough for anybody' };
			raw.write(frame({ payload: JSON.stringify({ type: n % 2 ? 'account.create' : 'account.login', data }) }));
		}
	}
	await areAsked(server, 2 * N_CONNECTIONS * N);
	server.signal('SIGTERM');
	await drainHasBegun(server);
	server.signal('SIGTERM');
	await server.waitExit();
	server.assertNoReport();
	assert.deepEqual(server.exit, { code: 0, signal: null }, server.stderr.slice(-3000));
});

const signals = {
	SIGTERM: 'ends nothing in the middle',
	SIGINT: 'ends nothing in the middle',
	SIGHUP: 'reads no certificate any more',
};

// The end takes as long as a password: these signals meet every stage of it.
for (const [signal, what] of Object.entries(signals)) {
	test(`${signal} again and again while the server is ending ${what}`, { timeout: 60000 }, async () => {
		const dir = temporaryDir();
		const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(dir, name));
		execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=x',
			'-keyout', key, '-out', cert], { stdio: 'ignore' });
		const server = await startServer({
			args: ['--drain-ms', '30000', '--limit-password-queue', '0', '--tls-cert', cert, '--tls-key', key],
			env: { ...slowPasswords, NOTIFY_SOCKET: `@parley-test-${process.pid}`, WATCHDOG_USEC: '20000' }, // nobody listens there
		});
		const clients = await Promise.all(Array.from({ length: N_CONNECTIONS }, () => Client.connect(server)));
		for (const [i, client] of clients.entries()) {
			for (let n = 0; n < N; n++) {
				client.request(n % 2 ? 'account.create' : 'account.login', { name: `account ${i} ${n}`, password: 'long enough for anybody' }).catch(() => {});
			}
		}
		await areAsked({ socketPath: server.operatorSocket }, N_CONNECTIONS * N);
		server.signal('SIGTERM');
		await drainHasBegun(server);
		server.signal('SIGTERM');
		while (!server.exit) {
			server.signal(signal);
			await sleep(2); // the pace
		}
		server.assertNoReport();
		assert.deepEqual(server.exit, { code: 0, signal: null }, server.stderr.slice(-3000));
	});
}
