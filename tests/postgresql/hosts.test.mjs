// An address that names several hosts, of which the first one does not answer, or is a standby: the server uses the one that works.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { Cluster } from '../e2e/lib/postgres.mjs';
import { post } from '../e2e/lib/http.mjs';
import { Client, fresh } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { within } from '../e2e/lib/wait.mjs';

const TIMEOUT = { timeout: 180000 };
const FRESH_PORT = 'const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => { process.stdout.write(`${server.address().port}\\n`); });';

let cluster;
before(async () => {
	cluster = await Cluster.start({ durable: false });
});
after(() => cluster.destroy());

// A machine that stands still, as one that hangs: the system takes a connection or two for it, and nobody ever reads them.
async function standingHost(t) {
	const child = spawn(process.execPath, ['-e', FRESH_PORT], { stdio: ['ignore', 'pipe', 'inherit'] });
	t.after(() => child.kill('SIGKILL'));
	const port = Number(await within(30000, 'the host to listen', new Promise((resolve) => child.stdout.once('data', resolve))));
	child.kill('SIGSTOP');
	return port;
}

// As one that is switched off: no connection is made, and none is refused. Its queue of connections is full.
async function darkHost(t) {
	const port = await standingHost(t);
	const sockets = Array.from({ length: 6 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
	t.after(() => sockets.forEach((socket) => socket.destroy()));
	let nConnected = 0;
	await within(30000, 'its queue to be full', new Promise((resolve) => {
		sockets.forEach((socket) => socket.on('connect', () => ++nConnected === 2 && resolve()));
	}));
	return port;
}

async function startOn(ports) {
	const database = await cluster.makeDatabase();
	const address = `host=${ports.map(() => '127.0.0.1').join()} port=${ports.join()} user=parley dbname=${database}`;
	return startServer({ args: ['--database', address, '--database-connections', '2', '--database-allow-asynchronous-commit', 'on'] });
}

async function assertServes(server) {
	const ann = await Client.connect(server);
	await ann.signIn({ guest: fresh('Ann') });
	const { id } = await ann.request('room.create', { name: fresh('room') });
	const { json } = await post(server, 'message.send', { room: id, text: 'here' }, { token: ann.token });
	assert.equal(json.type, 'ok');
	await ann.close();
}

test('the first host is switched off', TIMEOUT, async (t) => {
	const server = await startOn([await darkHost(t), cluster.port]);
	await assertServes(server);
	assert.match(server.stderr, new RegExp(`store\\.connected database="127\\.0\\.0\\.1:${cluster.port}/`));
	await server.stop();
});

test('the first host takes connections and says nothing', TIMEOUT, async (t) => {
	const server = await startOn([await standingHost(t), cluster.port]);
	await assertServes(server);
	await server.stop();
});

test('the first host is a standby, and the address does not say that it is to take writes', TIMEOUT, async (t) => {
	const standby = await cluster.makeStandby();
	t.after(() => standby.destroy());
	const database = await cluster.makeDatabase();
	await cluster.caughtUp(standby);
	const address = `host=127.0.0.1,127.0.0.1 port=${standby.port},${cluster.port} user=parley dbname=${database}`;
	const server = await startServer({ args: ['--database', address, '--database-connections', '2', '--database-allow-asynchronous-commit', 'on'] });
	await assertServes(server);
	await server.stop();
});
