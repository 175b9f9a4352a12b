// deploy/haproxy.cfg and deploy/nginx.conf as they are, before two real servers on one database.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BALANCERS, haproxyBefore } from '../e2e/lib/balancers.mjs';
import { makeCertificate } from '../e2e/lib/certificate.mjs';
import { clientFor, fresh } from '../e2e/lib/client.mjs';
import { projectDir } from '../e2e/lib/env.mjs';
import { EventStream, command, get, post, request } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { Cluster } from '../e2e/lib/postgres.mjs';
import { RawSocket } from '../e2e/lib/raw.mjs';
import { runServer, serverFor, startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';

const CONFIG = join(projectDir, 'deploy', 'haproxy.cfg');
const PROXIED = ['--trusted-proxy', '127.0.0.1'];

let cluster;
let database;
let servers;
const instance = (args = []) => ({ args: ['--database', cluster.url(database), '--database-allow-asynchronous-commit', 'on', ...PROXIED, ...args] });
before(async () => {
	cluster = await Cluster.start({ durable: false });
	database = await cluster.makeDatabase();
	servers = await Promise.all([1, 2].map(() => startServer(instance())));
});
after(async () => {
	await Promise.all(servers.map((server) => server.stop()));
	await cluster.stop();
});

const sessions = () => Promise.all(servers.map(async (server) => (await metricsOf(server)).get('parley_sessions')));
const comesFrom = (target, localAddress) => ({ ...target, localAddress });

for (const [name, balance] of Object.entries(BALANCERS)) {
	test(`${name}: WebSockets spread over the instances, and events come from each to all`, async (t) => {
		const balancer = await balance(t, servers);
		assert.match((await get(balancer, '/')).text, /<html/i);
		const before = await sessions();
		const clients = [];
		for (let i = 0; i < 4; i++) {
			clients.push(await clientFor(t, balancer, { guest: fresh('Socket') }));
		}
		assert.deepEqual((await sessions()).map((n, i) => n - before[i]), [2, 2]);
		const room = (await clients[0].request('room.create', { name: fresh('room') })).id;
		for (const client of clients.slice(1)) {
			await client.request('room.join', { room });
		}
		for (const [i, client] of clients.entries()) {
			await client.request('message.send', { room, text: `from ${i}` });
		}
		for (const client of clients) {
			await client.waitFor('a message of each', () => client.texts(room).length === clients.length);
		}
	});

	test(`${name}: an event stream brings each event as it comes, whichever instance took it`, async (t) => {
		const balancer = await balance(t, servers);
		const { token } = await command(balancer, 'session.start', { guest: fresh('Reader') });
		const room = (await command(balancer, 'room.create', { name: fresh('room') }, { token })).id;
		const stream = await EventStream.open(balancer, `room=${room}`, { token });
		t.after(() => stream.close());
		for (let i = 1; i <= 4; i++) {
			await command(servers[i % 2], 'message.send', { room, text: `${i}` }, { token });
			await stream.waitFor(`message ${i}`, () => stream.events.some(({ data }) => data.data?.text === `${i}`));
		}
	});

	test(`${name}: what operators ask for is not there`, async (t) => {
		const balancer = await balance(t, servers);
		for (const path of ['/healthz', '/readyz', '/metrics', '/metrics?x']) {
			assert.equal((await get(balancer, path)).status, 404, path);
		}
	});

	test(`${name}: each client counts as itself, whatever it says of itself`, async (t) => {
		const server = await serverFor(t, { relaxed: false, args: [...PROXIED, '--limit-address-accounts', '1'] });
		const balancer = await balance(t, [server]);
		const guest = async (localAddress, headers) => (await post(comesFrom(balancer, localAddress), 'session.start', { guest: fresh('Guest') }, { headers })).status;
		assert.equal(await guest('127.0.0.2'), 200);
		assert.equal(await guest('127.0.0.2', { 'X-Forwarded-For': '192.0.2.1' }), 429);
		assert.equal(await guest('127.0.0.3', { 'X-Forwarded-For': '127.0.0.2' }), 200);
	});

	test(`${name}: a body that is too large is refused by the instance, which tells its limit, and a huge one before it`, async (t) => {
		const balancer = await balance(t, servers);
		const answer = await post(balancer, 'session.start', {}, { body: JSON.stringify({ guest: 'x'.repeat(100000) }) });
		assert.equal(answer.status, 413);
		assert.equal(answer.json?.type, 'error', answer.text);
		const huge = await RawSocket.connect(balancer);
		huge.write('POST /api/v1/session.start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n');
		const head = await huge.readResponse();
		assert.equal(head.status, 413);
		assert.doesNotMatch(head.headers['content-type'], /json/);
	});

	test(`${name}: requests go on when an instance is gone`, async (t) => {
		const [leaving, staying] = [await serverFor(t, instance()), servers[0]];
		const balancer = await balance(t, [leaving, staying]);
		const { token } = await command(balancer, 'session.start', { guest: fresh('Guest') });
		const room = (await command(balancer, 'room.create', { name: fresh('room') }, { token })).id;
		await leaving.kill();
		leaving.stop = () => {};
		for (let i = 0; i < 20; i++) {
			await command(balancer, 'message.send', { room, text: `${i}` }, { token });
		}
	});

	test(`${name}: the address of a hook is in no log, whether or not an instance is there`, async (t) => {
		const server = await serverFor(t, { args: PROXIED });
		const balancer = await balance(t, [server], { PARLEY_LOG_LEVEL: 'info' });
		const who = await command(balancer, 'account.create', { name: fresh('Owner'), password: 'correct horse battery' });
		const room = await command(balancer, 'room.create', { name: fresh('room') }, { token: who.token });
		const { url } = await command(balancer, 'hook.create', { room: room.id, name: 'Logged' }, { token: who.token });
		const say = (path) => request(balancer, 'POST', path, { body: JSON.stringify({ text: 'logged' }) });
		assert.deepEqual([(await say(url)).status, (await say(`${url}/slack`)).status], [200, 200]);
		for (const path of [`${url}/unheard-of?${url}`, url.replace('/hooks/', '/hooks/answer/'), `/${url}`, `/elsewhere${url}`]) {
			assert.ok((await say(path)).status >= 400, path);
		}
		assert.equal((await request(balancer, 'POST', url, { body: 'x'.repeat(2000000) })).status, 413);
		await server.kill();
		server.stop = () => {};
		assert.ok((await say(url)).status >= 502);
		await get(balancer, '/the-last');
		await until(30000, 'the last request in the log', () => balancer.said().includes('/the-last'));
		assert.match(balancer.said(), /POST \/api\/v1\/hook\.create/);
		assert.ok(!balancer.said().includes(url.slice('/hooks/'.length)), balancer.said());
	});

	test(`${name}: a POST that an instance took and did not answer is not sent again`, async (t) => {
		let taken = 0;
		const silent = net.createServer((socket) => {
			socket.on('error', () => {}).once('data', (bytes) => {
				taken += /^POST /.test(bytes) ? 1 : 0;
				socket.destroy();
			});
		});
		await new Promise((resolve) => {
			silent.listen(0, '127.0.0.1', resolve);
		});
		t.after(() => silent.close());
		const balancer = await balance(t, [silent.address(), silent.address(), silent.address()]);
		const answer = await post(balancer, 'message.send', { text: 'once' });
		assert.equal(answer.status, 502);
		assert.equal(taken, 1);
	});
}

// What HAProxy asks for the health of an instance, in the test's hands.
async function health(t) {
	const asked = { status: 200 };
	const server = http.createServer((req, res) => {
		asked.path = req.url;
		res.writeHead(asked.status).end();
	});
	await new Promise((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	asked.port = server.address().port;
	return asked;
}

test('HAProxy: an instance that is red keeps its connections, gets no new ones, and gets some when it is green', async (t) => {
	const asked = await health(t);
	const balancer = await haproxyBefore(t, [`127.0.0.1:${servers[0].port} port ${asked.port}`, servers[1]]);
	const before = await sessions();
	const grown = async () => (await sessions()).map((n, i) => n - before[i]);
	const old = await Promise.all([1, 2].map(() => clientFor(t, balancer, { guest: fresh('Old') })));
	assert.deepEqual(await grown(), [1, 1]);
	asked.status = 503;
	await until(30000, 'HAProxy to see it', () => /parley\/1 is DOWN/.test(balancer.said()));
	assert.equal(asked.path, '/readyz');
	for (let i = 0; i < 4; i++) {
		await clientFor(t, balancer, { guest: fresh('New') });
	}
	assert.deepEqual(await grown(), [1, 5]);
	await Promise.all(old.map((client) => client.settle()));
	asked.status = 200;
	await until(30000, 'HAProxy to see it', () => /parley\/1 is UP/.test(balancer.said()));
	await until(30000, 'a new connection for it', async () => {
		await clientFor(t, balancer, { guest: fresh('New') });
		return (await grown())[0] > 1;
	}, 200);
});

test('HAProxy: with a certificate clients come over TLS, and who comes without is sent there', async (t) => {
	const dir = temporaryDir();
	const [cert, key, both, plain] = ['cert.pem', 'key.pem', 'both.pem', 'plain.sock'].map((name) => join(dir, name));
	makeCertificate('chat.example', cert, key);
	writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
	const { url, port } = await haproxyBefore(t, servers, { PARLEY_TLS_PEM: both, PARLEY_TLS_BIND: 'fd@3', PARLEY_BIND: `unix@${plain}` });
	const balancer = { url: url.replace('http', 'https'), port, wsUrl: `wss://127.0.0.1:${port}/ws` };
	const answer = await post(balancer, 'session.start', { guest: fresh('Page') }, { origin: balancer.url });
	assert.equal(answer.status, 200, answer.text);
	assert.match(answer.headers['set-cookie'][0], /^__Host-.*; *Secure/, 'the instance was not told that the client uses TLS');
	await (await clientFor(t, balancer, { guest: fresh('Socket') })).settle();
	await until(30000, 'HAProxy to listen', () => existsSync(plain));
	const sent = await request({ socketPath: plain }, 'GET', '/?a=b', { headers: { Host: 'chat.example' } });
	assert.equal(sent.status, 308);
	assert.equal(sent.headers.location, 'https://chat.example/?a=b');
});

test('HAProxy: bytes pass through to instances that end TLS, and a PROXY header tells the client', async (t) => {
	const dir = temporaryDir();
	const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(dir, name));
	makeCertificate('chat.example', cert, key);
	const args = [...PROXIED, '--proxy-protocol', 'on', '--tls-cert', cert, '--tls-key', key, '--listen-ops', '127.0.0.1:0', '--limit-address-accounts', '1'];
	const server = await serverFor(t, { relaxed: false, args });
	const opsPort = await until(30000, 'its listeners', () => /health and metrics on http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stdout)?.[1]);
	const { url } = await haproxyBefore(t, [`127.0.0.1:${server.port} port ${opsPort}`], { PARLEY_PASS_THROUGH: '1' });
	const balancer = { url: url.replace('http', 'https'), wsUrl: `${url.replace('http', 'wss')}/ws` };
	const guest = async (localAddress) => (await post(comesFrom(balancer, localAddress), 'session.start', { guest: fresh('Guest') })).status;
	assert.deepEqual([await guest('127.0.0.2'), await guest('127.0.0.3'), await guest('127.0.0.2')], [200, 200, 429]);
	await (await clientFor(t, balancer, { guest: fresh('Socket') }, { wsOptions: { localAddress: '127.0.0.4' } })).settle();
});

test('HAProxy: operators are told whether an instance is ready, and its metrics', async (t) => {
	const asked = await health(t);
	const socketPath = join(temporaryDir(), 'operators.sock');
	const balancer = await haproxyBefore(t, [`127.0.0.1:${servers[0].port} port ${asked.port}`], { PARLEY_BALANCER_OPS: `unix@${socketPath}` });
	await until(30000, 'HAProxy to listen', () => existsSync(socketPath));
	assert.equal((await get({ socketPath }, '/healthz')).status, 200);
	assert.match((await get({ socketPath }, '/metrics')).text, /haproxy_server_status\{proxy="parley",server="1"/);
	assert.equal((await get({ socketPath }, '/')).status, 404);
	asked.status = 503;
	await until(30000, 'HAProxy to see it', () => /parley\/1 is DOWN/.test(balancer.said()));
	assert.equal((await get({ socketPath }, '/healthz')).status, 503);
});

test('haproxy -c takes the file with each set of variables, also beside the one of Debian', () => {
	const sets = [{}, { PARLEY_1: '10.0.0.11:8080' }, { PARLEY_1: '10.0.0.11:8443 port 9080', PARLEY_9: '10.0.0.19:8443 port 9080', PARLEY_PASS_THROUGH: '1' },
		{ PARLEY_1: '10.0.0.11:8080', PARLEY_BALANCER_OPS: '127.0.0.1:9081', PARLEY_BALANCE: 'roundrobin', PARLEY_CONNECTIONS: '1000' }];
	const debian = '/etc/haproxy/haproxy.cfg';
	assert.ok(existsSync(debian));
	const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
	for (const set of sets) {
		for (const others of [[], ['-f', debian]]) {
			execFileSync('haproxy', ['-c', '-q', ...others, '-f', CONFIG], { env: { ...env, ...set }, stdio: 'pipe' });
		}
	}
});

test('both wait for two pings of the server, and close an idle connection to it before it does', async () => {
	const { stdout: help } = await runServer(['--help']);
	const defaultMs = (option) => Number(new RegExp(`--${option}=.*\\(default: (\\d+)\\)`).exec(help)[1]);
	const [heartbeatMs, idleMs] = [defaultMs('heartbeat-ms'), defaultMs('limit-idle-ms')];
	const nginx = join(projectDir, 'deploy', 'nginx.conf');
	const secondsIn = (file, setting) => Number(new RegExp(`^\\s*${setting} (\\d+)s;?`, 'm').exec(readFileSync(file, 'utf8'))[1]);
	for (const [file, setting] of [[CONFIG, 'timeout client'], [CONFIG, 'timeout server'], [CONFIG, 'timeout tunnel'], [nginx, 'proxy_read_timeout'], [nginx, 'proxy_send_timeout']]) {
		assert.ok(secondsIn(file, setting) * 1000 > 2 * heartbeatMs, setting);
	}
	for (const [file, setting] of [[CONFIG, 'timeout http-keep-alive'], [nginx, 'keepalive_timeout']]) {
		assert.ok(secondsIn(file, setting) * 1000 < idleMs, setting);
	}
});
