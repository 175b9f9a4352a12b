// The end of one of two servers behind HAProxy: with --drain-grace-ms no request and no new connection meets it.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from './lib/client.mjs';
import { scaled } from './lib/env.mjs';
import { haproxyFor } from './lib/haproxy.mjs';
import { get, post } from './lib/http.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { RawSocket } from './lib/raw.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const GRACE_MS = scaled(3000); // many times what HAProxy takes to see the red
const DRAIN_MS = 500;
const ARGS = ['--drain-grace-ms', String(GRACE_MS), '--drain-ms', String(DRAIN_MS)];
const LANES = 8;
const REST_MS = 50;

// No connection is tried twice: one that met a closed port would be a failed request.
// A server that answers its checks late is slow, not red: HAProxy would wait for inter alone.
const balanced = (t, servers) => haproxyFor(t, `
	retries 0
	option httpchk GET /readyz
	timeout check 60s
	${servers.map((server, i) => `server s${i} 127.0.0.1:${server.port} check inter 100ms fall 1 rise 1`).join('\n')}
`, { mode: 'http' });

const nRequests = async (server) => (await metricsOf(server)).get('parley_requests_total');

// Asks again and again until stop(), as people do: requests on connections that are kept, and WebSockets that sign in. Gives what was done.
function loadOn(target) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: LANES });
	const done = { http: 0, websockets: 0, failures: [] };
	const load = { done, rests: false }; // rests: each lane pauses between two of them
	let stopped = false;
	const lane = async (name, ask) => {
		while (!stopped) {
			await ask().then(() => done[name]++, (error) => done.failures.push(`${name}: ${error.message}`));
			await (load.rests ? pause(REST_MS) : undefined);
		}
	};
	const signIn = () => new Promise((resolve, reject) => {
		const request = http.request(`${target.url}/api/v1/session.start`, { agent, method: 'POST', headers: { 'Content-Type': 'application/json' } }, (answer) => {
			answer.resume().on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`))));
		});
		request.on('error', reject).end('{"guest":"Lane"}');
	});
	const open = async () => (await Client.start({ wsUrl: `${target.url.replace('http', 'ws')}/ws` }, { guest: 'Socket' })).close();
	const lanes = Array.from({ length: LANES }, (_, i) => (i % 2 ? lane('http', signIn) : lane('websockets', open)));
	return Object.assign(load, {
		stop: async () => {
			stopped = true;
			await Promise.all(lanes);
			agent.destroy();
		},
	});
}

test('a server leaves while a load comes through HAProxy: no request and no WebSocket fails', async (t) => {
	const leaving = await startServer({ args: ARGS });
	const staying = await serverFor(t, { args: ARGS });
	const proxy = await balanced(t, [leaving, staying]);
	const load = loadOn(proxy);
	await until(60000, 'both servers to be asked', async () => await nRequests(leaving) > 20 && await nRequests(staying) > 20);
	leaving.signal('SIGTERM');
	// Failures come when the server turns red and when it closes its listeners. The load is full around both.
	await pause(GRACE_MS / 6);
	load.rests = true;
	await pause(GRACE_MS * 4 / 6);
	load.rests = false;
	await leaving.waitExit();
	const before = load.done.http + load.done.websockets;
	await until(60000, 'the load to go on', () => load.done.http + load.done.websockets > before + 50);
	await load.stop();
	t.diagnostic(`${load.done.http} requests, ${load.done.websockets} WebSockets`);
	assert.deepEqual(load.done.failures, []);
	assert.deepEqual(leaving.exit, { code: 0, signal: null }, leaving.stderr.slice(-3000));
});

test('until the grace is over /readyz is red, answers end their connections, and all else is served', async (t) => {
	const server = await startServer({ args: [...ARGS, '--listen-ops', '127.0.0.1:0'] });
	t.after(() => server.kill());
	const ops = { url: await until(30000, 'the listener for health', () => /health and metrics on (\S+)/.exec(server.stdout)?.[1]) };
	const early = await Client.start(server, { guest: 'Early' });
	const half = await RawSocket.connect(server);
	half.write('POST /api/v1/session.start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"guest":'); // in flight
	assert.equal((await get(ops, '/readyz')).status, 200);
	server.signal('SIGTERM');
	await until(30000, 'the red', async () => (await get(ops, '/readyz')).status === 503);
	const healthz = await get(ops, '/healthz');
	assert.equal(healthz.status, 200);
	assert.equal(healthz.headers.connection, 'close');
	const late = await Client.start(server, { guest: 'Late' });
	assert.equal((await post(server, 'session.start', { guest: 'By HTTP' })).status, 200);
	assert.equal(early.events.length + late.events.length, 0, 'nobody is told to go yet');
	await Promise.all([early, late].map((client) => client.waitEvent('server.leaving')));
	await assert.rejects(get(ops, '/readyz'), 'the listeners are closed');
	half.write('"Half"}');
	assert.equal((await half.readResponse())?.status, 200);
	assert.deepEqual((await Promise.all([early, late].map((client) => client.waitClose()))).map(({ code }) => code), [1001, 1001]);
	await server.waitExit();
	assert.deepEqual(server.exit, { code: 0, signal: null });
});

test('a second SIGTERM within the grace ends the server at once', async () => {
	const server = await startServer({ args: ['--drain-grace-ms', '3600000'] });
	server.signal('SIGTERM');
	await until(30000, 'the grace in the log', () => /drain\.grace .*note=.*a second signal ends at once/.test(server.stderr));
	await server.stop();
});
