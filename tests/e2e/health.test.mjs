// `parley health`: a health check that ends with 0 or 1.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { clientBinary } from './lib/env.mjs';
import { run, serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const health = (...args) => run(clientBinary, ['health', ...args]);

test('a server that is ready ends it with 0, by any of its addresses', async (t) => {
	const server = await serverFor(t, { args: ['--listen-ops', '127.0.0.1:0'] });
	const ops = await until(30000, 'the listener for health', () => /health and metrics on (\S+)/.exec(server.stdout)?.[1]);
	for (const args of [[ops], ['--server', ops], ['--live', ops]]) {
		assert.deepEqual(await health(...args), { code: 0, signal: null, stdout: 'ok\n', stderr: '' }, args.join(' '));
	}
	const elsewhere = await health(server.url); // that listener does not serve it
	assert.equal(elsewhere.code, 1);
	assert.match(elsewhere.stderr, /status is 404/);
});

test('a server that leaves is not ready, but lives', async () => {
	const server = await startServer({ args: ['--drain-grace-ms', '3600000'] });
	server.signal('SIGTERM');
	await until(30000, 'the grace', () => /drain\.grace/.test(server.stderr));
	const red = await health(server.url);
	assert.equal(red.code, 1);
	assert.equal(red.stdout, 'the server is leaving\n');
	assert.equal((await health('--live', server.url)).code, 0);
	await server.stop();
});

test('nobody there, something else there, and silence end it with 1 and a sentence', async (t) => {
	const other = net.createServer((socket) => socket.on('data', () => socket.end('220 mail\r\n'))).listen(0, '127.0.0.1');
	const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
	t.after(() => [other, silent].forEach((server) => server.close()));
	await until(30000, 'both to listen', () => other.listening && silent.listening);
	for (const [port, words] of [[1, /127\.0\.0\.1:1/], [other.address().port, /no HTTP server/], [silent.address().port, /does not answer in time/]]) {
		const ended = await health('--timeout', '1', `http://127.0.0.1:${port}`);
		assert.equal(ended.code, 1);
		assert.match(ended.stderr, words);
	}
	assert.equal((await health('ftp://x')).code, 2);
});
