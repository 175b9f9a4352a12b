// --listen-ops: health and metrics have a separate listener, and no other listener serves them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { get, post } from './lib/http.mjs';
import { serverFor, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

async function opsOf(server) {
	await until(5000, 'its address', () => /health and metrics on \S+/.test(server.stdout));
	const address = /health and metrics on (\S+)/.exec(server.stdout)[1];
	return address.startsWith('unix:') ? { socketPath: address.slice(5) } : { url: address };
}

for (const [what, address] of [['a TCP address', '127.0.0.1:0'], ['a Unix socket', `unix:${join(temporaryDir(), 'ops.sock')}`]]) {
	test(`operations on ${what}`, async (t) => {
		const server = await serverFor(t, { args: ['--listen-ops', address] });
		const ops = await opsOf(server);
		for (const path of ['/healthz', '/readyz', '/metrics']) {
			assert.equal((await get(ops, path)).status, 200, path);
			assert.equal((await get(server, path)).status, 404, `${path} among the people`);
		}
		assert.match((await get(ops, '/metrics')).text, /parley_connections/);
		for (const path of ['/', '/r/general', '/api/v1/events?room=x', '/ws']) {
			assert.equal((await get(ops, path)).status, 404, path);
		}
		assert.equal((await post(ops, 'session.start', { guest: 'Nobody' })).status, 404);
		assert.equal((await get(ops, '/ws', { headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } })).status, 404);
		assert.equal((await get(server, '/')).status, 200);
	});
}

test('it speaks plain HTTP and no PROXY header where the others speak TLS and want one', async (t) => {
	const server = await serverFor(t, { args: ['--listen-ops', '127.0.0.1:0', '--proxy-protocol', 'on', '--trusted-proxy', '192.0.2.1'] });
	assert.equal((await get(await opsOf(server), '/readyz')).status, 200);
});
