// What a request's head may cost: its size, and how many of them one address may leave half sent.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fresh } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { command, get } from './lib/http.mjs';
import { RawSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';
import { until, within } from './lib/wait.mjs';

const HALF = 'GET /healthz HTTP/1.1\r\nHo';
const REST = 'st: x\r\n\r\n';

// The answer to a GET or an upgrade whose head, as the limit counts it, has n bytes.
async function answerTo(server, kind, n) {
	const others = { GET: ['GET /healthz HTTP/1.1', 'Host: x'], upgrade: upgradeRequest().trimEnd().split('\r\n') }[kind];
	// The path, the version, and each value: behind the first space or colon.
	const counted = others.slice(1).reduce((sum, line) => sum + line.slice(line.indexOf(': ') + 2).length, others[0].split(' ').slice(1).join('').length);
	const raw = await RawSocket.connect(server);
	raw.write(`${[...others, `Cookie: ${'c'.repeat(n - counted)}`].join('\r\n')}\r\n\r\n`);
	const answer = await raw.readResponse();
	raw.destroy();
	return answer;
}

for (const [kind, good] of [['GET', 200], ['upgrade', 101]]) {
	test(`${kind}: a cookie that just fits is accepted, one byte more is answered 431, far more is closed`, async (t) => {
		for (const limit of [undefined, 700, 32768]) {
			const server = await serverFor(t, { args: limit ? ['--limit-head-bytes', String(limit)] : [] });
			const most = limit ?? 16384;
			assert.equal((await answerTo(server, kind, most))?.status, good, `${most} bytes`);
			const refused = await answerTo(server, kind, most + 1);
			assert.equal(refused?.status, 431, `${most + 1} bytes`);
			assert.equal(refused.headers.connection, 'close');
			const { code, message } = JSON.parse(refused.body).data;
			assert.equal(code, 'too_large');
			assert.match(message, /head_bytes/);
			assert.equal((await answerTo(server, kind, most + 3000))?.status, 431);
			assert.equal(await answerTo(server, kind, most + 20000), null, 'the library itself gives up');
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

const POOL = 2048; // heads that are read at once

async function halves(t, server, n) {
	const all = [];
	t.after(() => all.forEach((raw) => raw.destroy()));
	for (let i = 0; i < n; i++) {
		const raw = await RawSocket.connect(server);
		raw.write(HALF);
		all.push(raw);
	}
	return all;
}

// Silent connections, so many from each of as many addresses as it takes.
async function fill(t, server, n, each) {
	const all = [];
	t.after(() => all.forEach((raw) => raw.destroy()));
	for (let i = 0; i < n; i++) {
		const address = Math.floor(i / each);
		all.push(await RawSocket.connect(server, { localAddress: `127.0.${1 + Math.floor(address / 250)}.${1 + address % 250}` }));
	}
	return all;
}

test('when places run out, of the requests that one address leaves half sent only so many are kept: the newest', async (t) => {
	const server = await serverFor(t, { args: ['--limit-address-heads', '500', '--limit-header-ms', '60000'] });
	const all = await halves(t, server, POOL - 500 + 20);
	await until(10000, 'the oldest to be closed', () => all.slice(0, 1000).every((raw) => raw.ended));
	for (const raw of all.slice(-500)) {
		raw.write(REST);
		assert.equal((await raw.readResponse())?.status, 200);
	}
	const { text } = await get(server, '/metrics');
	const crowded = Number(/^parley_closed_total\{reason="crowded"\} (\d+)$/m.exec(text)[1]);
	assert.ok(crowded >= 1000 && crowded <= all.length - 500, `${crowded} were closed`);
});

test('while there are places for everybody, more than its share from one address are served', async (t) => {
	const server = await serverFor(t, { args: ['--limit-address-heads', '5', '--limit-header-ms', '60000'] });
	const all = await halves(t, server, 700);
	const silent = await fill(t, server, 300, 300);
	await sleep(1000);
	for (const raw of all) {
		raw.write(REST);
		assert.equal((await raw.readResponse())?.status, 200);
	}
	assert.ok(silent.every((raw) => !raw.ended), 'a silent one was closed');
});

test('half sent bodies and later heads count too; idle connections and WebSockets do not', async (t) => {
	const server = await serverFor(t, { args: ['--limit-address-heads', '3', '--limit-header-ms', '60000', '--limit-body-ms', '60000'] });
	const others = await fill(t, server, POOL - 5, 3);
	const all = [];
	const connect = async (text) => {
		const raw = await RawSocket.connect(server);
		all.push(raw);
		raw.write(text);
		return raw;
	};
	const kept = [];
	for (let i = 0; i < 6; i++) {
		kept.push(await connect(HALF + REST));
		assert.equal((await kept[i].readResponse())?.status, 200);
		const socket = await connect(upgradeRequest());
		assert.equal((await socket.readHead())?.status, 101);
	}
	await sleep(700);
	const bodies = [];
	for (let i = 0; i < 3; i++) {
		bodies.push(await connect('POST /api/v1/room.list HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'));
	}
	await sleep(700);
	assert.ok(bodies.every((raw) => !raw.ended) && kept.every((raw) => !raw.ended), 'closed although nobody has more than three');
	kept[0].write(HALF); // the oldest connection, and one too many
	await kept[0].waitEnd();
	const more = await connect('POST /api/v1/room.list HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{');
	await bodies[0].waitEnd();
	await sleep(700);
	assert.ok([...others, ...bodies.slice(1), ...kept.slice(1), more].every((raw) => !raw.ended), 'more than one too many was closed');
	all.forEach((raw) => raw.destroy());
});

test('with limit 0 all are kept', async (t) => {
	const server = await serverFor(t, { args: ['--limit-address-heads', '0', '--limit-header-ms', '60000'] });
	const all = await halves(t, server, POOL - 5);
	await sleep(1000);
	all[0].write(REST);
	assert.equal((await all[0].readResponse())?.status, 200);
});

test('while one address holds as many heads as it can, another is served', { timeout: 120000 }, async (t) => {
	const server = await serverFor(t, { args: ['--limit-header-ms', '60000'] });
	const holders = [];
	t.after(() => holders.forEach((raw) => raw.destroy()));
	// As many as the library reads at once, and more that wait: each time some are closed, others come.
	for (let i = 0; i < 3000; i++) {
		const raw = await RawSocket.connect(server);
		raw.write('G');
		holders.push(raw);
	}
	const answer = await within(5000, 'the answer to another address', get({ url: server.url, localAddress: '127.0.0.2' }, '/healthz', { timeoutMs: 30000 }));
	assert.equal(answer.status, 200);
	await until(5000, 'a share to be free for others', () => holders.filter((raw) => !raw.ended).length <= POOL - 512, 100);
});
