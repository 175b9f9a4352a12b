import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { clientFor } from './lib/client.mjs';
import { command, get } from './lib/http.mjs';
import { runServer, serverFor, startServer, temporaryDir } from './lib/server.mjs';

test('a Unix socket serves HTTP and WebSockets beside TCP', async (t) => {
	const path = join(temporaryDir(), 'parley.sock');
	const server = await serverFor(t, { listen: [`unix:${path}`, '127.0.0.1:0'] });
	assert.ok(server.addresses.includes(`unix:${path}`), server.stdout);
	const local = { socketPath: path };
	assert.equal((await get(local, '/healthz')).text, 'ok\n');
	const { token } = await command(local, 'session.start', { guest: 'Local' });
	const client = await clientFor(t, `ws+unix://${path}:/ws`, { token });
	const other = await clientFor(t, server, { token });
	const room = (await client.request('room.create', { name: 'room' })).id;
	await other.waitEvent('room.added');
	await client.request('message.send', { room, text: 'across' });
	await other.waitEvent('message.created');
});

test('an ordinary Unix socket is not the operator\'s', async (t) => {
	const path = join(temporaryDir(), 'parley.sock');
	const server = await serverFor(t, { listen: [`unix:${path}`] });
	await assert.rejects(command({ socketPath: path }, 'admin.verify', {}), /403|404/);
	assert.deepEqual((await command({ socketPath: server.operatorSocket }, 'admin.verify', {})).faults, []);
});

test('the socket goes away with the server, and one left by a kill is replaced', async (t) => {
	const path = join(temporaryDir(), 'parley.sock');
	const first = await startServer({ listen: [`unix:${path}`] });
	await first.kill();
	assert.ok(existsSync(path));
	const second = await startServer({ listen: [`unix:${path}`], dataDir: first.dataDir });
	assert.equal((await get({ socketPath: path }, '/healthz')).status, 200);
	await second.stop();
	assert.ok(!existsSync(path));
	const third = await serverFor(t, { listen: [`unix:${path}`], dataDir: first.dataDir });
	assert.equal((await get({ socketPath: path }, '/healthz')).status, 200);
	assert.ok(third.pid);
});

test('a socket that another server listens on is not taken away', async (t) => {
	const path = join(temporaryDir(), 'parley.sock');
	await serverFor(t, { listen: [`unix:${path}`] });
	const { code, stderr } = await runServer(['--listen', `unix:${path}`, '--data', temporaryDir()]);
	assert.equal(code, 1, stderr);
	assert.match(stderr, /parley\.sock/);
	assert.equal((await get({ socketPath: path }, '/healthz')).status, 200);
});
