import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command, get, post } from './lib/http.mjs';
import { run, runServer, serverFor, startServer, temporaryDir } from './lib/server.mjs';

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

for (const [args, isBelieved] of [[['--trusted-proxy', 'unix'], true], [['--trusted-proxy', '::/0'], false]]) {
	test(`with ${args.join(' ')} a proxy on a Unix socket is ${isBelieved ? '' : 'not '}believed, and the operator's socket is not one`, async (t) => {
		const path = join(temporaryDir(), 'parley.sock');
		const server = await serverFor(t, { listen: [`unix:${path}`], args: ['--limit-address-accounts', '2', ...args], relaxed: false });
		const signIn = (socketPath, address) =>
			post({ socketPath }, 'session.start', { guest: fresh('Guest'), cookie: true }, { headers: { 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https' } });
		const statuses = [];
		for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.1']) {
			const answer = await signIn(path, address);
			statuses.push(answer.status);
			assert.match(answer.headers['set-cookie']?.[0] ?? 'refused', isBelieved ? /^__Host-parley_session=.*Secure|^refused$/ : /^parley_session=|^refused$/);
		}
		assert.deepEqual(statuses, isBelieved ? [200, 200, 200, 429] : [200, 200, 429, 429]);
		const operator = await signIn(server.operatorSocket, '192.0.2.9');
		assert.equal(operator.status, isBelieved ? 200 : 429, 'it counts with those of the socket that are not believed');
		assert.match(operator.headers['set-cookie']?.[0] ?? 'refused', isBelieved ? /^parley_session=/ : /^refused$/);
	});
}

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

test('a data directory with a long path has its operator\'s socket all the same', async () => {
	const dataDir = join(temporaryDir(), 'a'.repeat(100), 'b'.repeat(200));
	mkdirSync(dataDir, { recursive: true, mode: 0o700 });
	const verify = (...options) => run(clientBinary, ['admin', 'verify', '--data', dataDir, ...options]);
	const none = await verify();
	assert.equal(none.code, 1);
	assert.match(none.stderr, /no server is running at unix:.*aaa/);
	const killed = await startServer({ dataDir });
	await killed.kill();
	const server = await startServer({ dataDir });
	const verified = await verify();
	assert.equal(verified.code, 0, verified.stderr);
	const second = await runServer(['--listen', '127.0.0.1:0', '--data', dataDir]);
	assert.equal(second.code, 1, second.stderr);
	await server.stop();
	assert.ok(!existsSync(join(dataDir, 'operator.sock')));
});
