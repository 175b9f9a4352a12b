import assert from 'node:assert/strict';
import test from 'node:test';
import { scaled, sleep } from './lib/env.mjs';
import { frame, openWebSocket } from './lib/raw.mjs';
import { startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

test('a second SIGTERM ends the server at once and well, with passwords being hashed and looked up', { timeout: 60000 }, async () => {
	const server = await startServer({ args: ['--drain-ms', '30000', '--limit-password-queue', '0'] });
	for (let i = 0; i < 4; i++) {
		const raw = await openWebSocket(server);
		for (let n = 0; n < 6; n++) {
			const data = { name: `account ${i} ${n}`, password: 'long enough for anybody' };
			raw.write(frame({ payload: JSON.stringify({ type: n % 2 ? 'account.create' : 'account.login', data }) }));
		}
	}
	await sleep(50);
	server.signal('SIGTERM');
	await until(scaled(5000), 'the beginning of the drain in the log', () => /drain\.begin .*note="a second signal ends at once"/.test(server.stderr));
	server.signal('SIGTERM');
	await server.waitExit();
	server.assertNoReport();
	assert.deepEqual(server.exit, { code: 0, signal: null }, server.stderr.slice(-3000));
});
