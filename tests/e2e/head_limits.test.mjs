// The cost of requests that are not whole: the size of a head, their number, and which connections go when places run out.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { command, get } from './lib/http.mjs';
import { RawSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const HALF = 'GET /healthz HTTP/1.1\r\nHo';
const REST = 'st: x\r\n\r\n';

// The answer to a GET or an upgrade whose head has n bytes.
async function answerTo(server, kind, n) {
	const head = { GET: 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', upgrade: upgradeRequest() }[kind].slice(0, -2);
	const raw = await RawSocket.connect(server);
	raw.write(`${head}Cookie: ${'c'.repeat(n - head.length - 'Cookie: \r\n\r\n'.length)}\r\n\r\n`);
	const answer = await raw.readResponse();
	raw.destroy();
	return answer;
}

for (const [kind, good] of [['GET', 200], ['upgrade', 101]]) {
	test(`${kind}: a head that just fits is accepted, one byte more is answered 431, however much more`, async (t) => {
		for (const limit of [undefined, 700, 32768]) {
			const server = await serverFor(t, { args: limit ? ['--limit-head-bytes', String(limit)] : [] });
			const most = limit ?? 16384;
			assert.equal((await answerTo(server, kind, most))?.status, good, `${most} bytes`);
			for (const beyond of [1, 3000, 200000]) {
				const refused = await answerTo(server, kind, most + beyond);
				assert.equal(refused?.status, 431, `${most} + ${beyond} bytes`);
				assert.equal(refused.headers.connection, 'close');
				const { code, message } = JSON.parse(refused.body).data;
				assert.equal(code, 'too_large');
				assert.match(message, /head_bytes/);
			}
		}
	});
}

test('as many rooms in an event stream as the limit says fit into a request', async (t) => {
	const server = await serverFor(t, { args: ['--limit-stream-rooms', '64'] });
	const { token } = await command(server, 'session.start', { guest: fresh('Follower') });
	const headers = Object.fromEntries(['Accept', 'Accept-Encoding', 'Accept-Language', 'Cache-Control', 'Cookie', 'Referer', 'User-Agent', 'Sec-Fetch-Site', 'DNT', 'Pragma']
		.map((name) => [name, name === 'Sec-Fetch-Site' ? 'same-origin' : 'x']));
	const query = (n) => Array.from({ length: n }, (_, i) => `room=r${i}`).join('&');
	for (const [n, status] of [[64, 404], [65, 409]]) {
		const answer = await get(server, `/api/v1/events?${query(n)}`, { headers: { ...headers, Authorization: `Bearer ${token}` } });
		assert.equal(answer.status, status, `${n} rooms: ${answer.text}`);
	}
});

// Opens connections from this address that have sent these bytes.
async function hold(t, server, n, localAddress, bytes) {
	const all = [];
	t.after(() => all.forEach((raw) => raw.destroy()));
	for (let i = 0; i < n; i++) {
		const raw = await RawSocket.connect(server, { localAddress });
		raw.write(bytes);
		all.push(raw);
	}
	return all;
}

const crowded = async (server) => Number(/^parley_closed_total\{reason="crowded"\} (\d+)$/m.exec((await get(server, '/metrics')).text)?.[1] ?? 0);
const survivors = (all) => all.filter((raw) => !raw.ended).length;
const BODY = 'POST /api/v1/room.list HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{';
const patient = ['--limit-header-ms', '60000', '--limit-body-ms', '60000'];

test('when places for unfinished requests run out, those of the network and address with most of them go, the oldest first', async (t) => {
	const server = await serverFor(t, { args: [...patient, '--limit-unfinished-requests', '600'] });
	const heads = await hold(t, server, 300, '127.0.1.1', HALF);
	const bodies = await hold(t, server, 100, '127.0.1.2', BODY);
	const others = await hold(t, server, 190, '127.0.2.1', HALF);
	const silent = await hold(t, server, 20, '127.0.1.1', '');
	assert.equal(await crowded(server), 0, 'there were places for everybody');
	await hold(t, server, 30, '127.0.3.1', HALF);
	await until(10000, 'the oldest to be closed', async () => (await crowded(server)) >= 1);
	assert.equal(survivors(others), 190);
	assert.equal(survivors(bodies), 100);
	assert.equal(survivors(silent), 20, 'the silent ones hold no place');
	const gone = 300 - survivors(heads);
	assert.ok(gone >= 1 && heads.slice(0, gone).every((raw) => raw.ended), 'not the oldest');
	for (const raw of [...heads.slice(gone), ...others]) {
		raw.write(REST);
		assert.equal((await raw.readResponse())?.status, 200);
	}
});

test('what a trusted proxy has not finished shuts nobody else out', async (t) => {
	const server = await serverFor(t, { args: [...patient, '--limit-unfinished-requests', '3', '--trusted-proxy', '127.0.0.2'] });
	const halves = await hold(t, server, 20, '127.0.0.2', HALF);
	for (let i = 0; i < 10; i++) {
		assert.equal((await get(server, '/healthz')).status, 200);
	}
	for (const raw of halves) {
		raw.write(REST);
		assert.equal((await raw.readResponse())?.status, 200);
	}
});

test('where nobody waits, who comes when connections have run out is turned away, and let in when one is free', async (t) => {
	const server = await serverFor(t, { args: [...patient, '--limit-connections', '200'] });
	const people = [];
	for (let i = 0; i < 200; i++) {
		people.push(await clientFor(t, server, { guest: `Person ${i}` }));
	}
	for (let i = 0; i < 50; i++) {
		await assert.rejects(get(server, '/healthz'));
	}
	await people[0].close();
	await until(10000, 'a place', () => get(server, '/healthz').then(({ status }) => status === 200, () => false));
	await Promise.all(people.slice(1).map((person) => person.settle()));
});

test('with limit 0 all are kept', async (t) => {
	const server = await serverFor(t, { args: [...patient, '--limit-unfinished-requests', '0'] });
	const all = await hold(t, server, 2500, '127.0.1.1', HALF);
	all[0].write(REST);
	assert.equal((await all[0].readResponse())?.status, 200);
	assert.equal(survivors(all), 2500);
	assert.equal(await crowded(server), 0);
});

test('when connections run out, those that wait for their client go before anybody is turned away; people who signed in stay', async (t) => {
	const server = await serverFor(t, { args: [...patient, '--limit-connections', '300', '--limit-sign-in-ms', '60000'] });
	const ann = await clientFor(t, server, { guest: 'Ann' });
	const strangers = await hold(t, server, 100, '127.0.1.1', upgradeRequest());
	const kept = await hold(t, server, 100, '127.0.1.1', HALF + REST);
	await Promise.all([...strangers, ...kept].map((raw) => raw.readHead()));
	const silent = await hold(t, server, 500, '127.0.1.1', '');
	const answer = await get({ url: server.url, localAddress: '127.0.0.2' }, '/healthz');
	assert.equal(answer.status, 200);
	assert.ok(survivors(silent) < 300);
	await ann.settle();
});
