// Each way of being refused, or closed by the server, shows in /metrics under its code or reason.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { command, post, request } from './lib/http.mjs';
import { grownBy, metricsOf, parseMetrics } from './lib/metrics.mjs';
import { RawSocket, frame, openWebSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server;
before(async () => {
	server = await startServer({ args: ['--limit-frame-bytes', '4096'] });
});
after(() => server.stop());

const codeName = (code) => `parley_errors_by_code_total{code="${code}"}`;
const closedName = (reason) => `parley_closed_total{reason="${reason}"}`;

async function rawStatus(text) {
	const raw = await RawSocket.connect(server);
	raw.write(text);
	const answer = await raw.readResponse();
	raw.destroy();
	return answer.status;
}

const REFUSALS = [
	['bad_origin', 403, async () => (await post(server, 'room.list', {}, { cookie: 'parley_session=x', origin: 'https://evil.example' })).status],
	['bad_origin', 403, () => rawStatus(upgradeRequest({ headers: { Origin: 'https://evil.example' } }))],
	['method_not_allowed', 405, async () => (await request(server, 'GET', '/api/v1/room.list')).status],
	['method_not_allowed', 405, async () => (await request(server, 'POST', '/')).status],
	['unsupported_media', 415, async () => (await post(server, 'room.list', {}, { contentType: 'text/plain' })).status],
	['too_large', 413, async () => (await post(server, 'room.list', {}, { body: 'x'.repeat(5000) })).status],
	['unknown_type', 404, async () => (await post(server, 'no.such', {})).status],
	['not_found', 404, async () => (await request(server, 'GET', '/nothing')).status],
	['not_found', 404, () => rawStatus(upgradeRequest({ path: '/elsewhere' }))],
	['invalid_request', 411, () => rawStatus('POST /api/v1/room.list HTTP/1.1\r\nHost: x\r\n\r\n')],
	['invalid_request', 400, () => rawStatus('GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')],
	['invalid_request', 400, async () => (await request(server, 'GET', '/api/v1/events')).status],
	['invalid_request', 426, () => rawStatus(upgradeRequest({ headers: { 'Sec-WebSocket-Version': '12' } }))],
	['unauthenticated', 401, async () => (await post(server, 'room.list', {})).status],
];

for (const [code, status, provoke] of REFUSALS) {
	test(`${status} ${code} is counted once: ${String(provoke).slice(0, 90)}`, async () => {
		const earlier = await metricsOf(server);
		assert.equal(await provoke(), status);
		await grownBy(server, earlier, codeName(code), 1);
		await grownBy(server, earlier, 'parley_errors_total', 1);
	});
}

async function closedBy(reason, provoke, on = server) {
	const earlier = await metricsOf(on);
	await provoke();
	await grownBy(on, earlier, closedName(reason), 1);
}

async function sendsAFrame(options) {
	const raw = await openWebSocket(server);
	raw.write(frame(options));
	assert.ok(await raw.readClose());
	raw.destroy();
}

test('closing for what a frame holds is counted by its reason', async () => {
	await closedBy('not_text', () => sendsAFrame({ opcode: 2, payload: 'x' }));
	await closedBy('too_big', () => sendsAFrame({ payload: 'x'.repeat(5000) }));
});

test('the end of a session is counted by who ended it', async (t) => {
	await closedBy('done', async () => {
		const client = await clientFor(t, server, { guest: fresh('Leaves') });
		await client.request('session.end', {});
		await client.waitClose();
	});
	const { token } = await command(server, 'account.create', { name: fresh('Out'), password: 'a good long password' });
	const client = await clientFor(t, server, { token });
	await closedBy('signed_out', async () => {
		await client.request('account.logout', {});
		await client.waitClose();
	});
});

test('an answer after which the connection is closed is counted as refused', () =>
	closedBy('refused', () => rawStatus('POST /api/v1/room.list HTTP/1.1\r\nHost: x\r\n\r\n')));

test('a client that leaves is counted as such', async () => {
	const asking = await RawSocket.connect(server); // stays, so that it is not counted itself
	const ask = async (name) => {
		asking.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
		return parseMetrics((await asking.readResponse()).body).get(name);
	};
	const client = await Client.start(server, { guest: fresh('Goes') });
	await until(30000, 'earlier connections to be gone', async () => (await ask('parley_connections')) === 2);
	const earlier = await ask(closedName('client'));
	await client.close();
	await until(30000, 'the client to be gone', async () => (await ask('parley_connections')) === 1);
	assert.equal(await ask(closedName('client')), earlier + 1);
	asking.destroy();
});

test('connections that come to nothing in time are counted, and each is logged with its reason', async (t) => {
	const hasty = await serverFor(t, { args: ['--limit-sign-in-ms', '300', '--limit-header-ms', '300', '--log-level', 'debug'] });
	await closedBy('no_sign_in', async () => {
		const raw = await openWebSocket(hasty);
		assert.equal((await raw.readClose())?.code, 4001);
		raw.destroy();
	}, hasty);
	await closedBy('too_late', async () => {
		const raw = await RawSocket.connect(hasty);
		raw.write('GET / HTTP/1.1\r\n');
		await raw.waitEnd();
		raw.destroy();
	}, hasty);
	for (const reason of ['no_sign_in', 'too_late']) {
		assert.match(hasty.stderr, new RegExp(`conn\\.closed reason="?${reason}"? address="?127\\.0\\.0\\.1`));
	}
});

// In whole seconds the library's own timers would be first.
test('one that is late by whole seconds is counted too, whether it sent something or not', async (t) => {
	const slow = await serverFor(t, { args: ['--limit-header-ms', '1000', '--log-level', 'debug'] });
	for (const sent of ['', 'GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\n']) {
		await closedBy('too_late', async () => {
			const raw = await RawSocket.connect(slow);
			raw.write(sent);
			await raw.waitEnd();
			raw.destroy();
		}, slow);
	}
});

test('connections closed because the server leaves are logged so', async () => {
	const leaving = await startServer({ args: ['--log-level', 'debug'] });
	const client = await Client.start(leaving, { guest: 'Stays' });
	const closed = client.waitClose();
	await leaving.stop();
	await closed;
	assert.match(leaving.stderr, /conn\.closed reason="?going_away/);
});
