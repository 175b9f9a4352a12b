// Without --origin, only a page that came by one of the machine's own names may use the server, and no page of a name that only points here.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import test, { after, before } from 'node:test';
import { get, post } from './lib/http.mjs';
import { RawSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const machine = hostname().toLowerCase();
const own = ['localhost', 'LOCALHOST', 'chat.localhost', 'localhost.', '127.0.0.1', '192.0.2.7', '[::1]', '[2001:db8::7]', machine, machine.split('.')[0], `${machine.split('.')[0]}.local`];
const foreign = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'notlocalhost', `${machine}.evil.example`, '1.2.3.4.5', '0x7f000001'];

async function upgraded(target, host, origin = `http://${host}`) {
	const raw = await RawSocket.connect(target);
	raw.write(upgradeRequest({ headers: { Host: host, Origin: origin } }));
	const answer = await raw.readResponse();
	raw.destroy();
	return answer;
}

for (const name of own) {
	test(`${name} is a name of the server's own`, async () => {
		for (const host of [name, `${name}:${server.port}`]) {
			const origin = `http://${host.toLowerCase()}`;
			assert.equal((await upgraded(server, host, origin)).status, 101, host);
			assert.equal((await get(server, '/', { headers: { Host: host } })).status, 200);
			assert.equal((await post(server, 'session.start', { guest: 'Own' }, { origin, headers: { Host: host } })).status, 200);
		}
	});
}

for (const name of foreign) {
	test(`${name} is not, though its page says the same name as its request`, async () => {
		const origin = `http://${name}:${server.port}`;
		const host = `${name}:${server.port}`;
		const refused = await upgraded(server, host, origin);
		assert.equal(refused.status, 403);
		assert.match(JSON.parse(refused.body).data.message, new RegExp(`--origin ${RegExp.escape?.(origin) ?? origin.replaceAll('.', '\\.')}`));
		const answer = await post(server, 'session.start', { guest: 'Foreign' }, { origin, headers: { Host: host } });
		assert.equal(answer.status, 403);
		assert.equal(answer.json.data.code, 'bad_origin');
		const page = await get(server, '/r/general', { headers: { Host: host } });
		assert.equal(page.status, 421);
		assert.match(page.headers['content-type'], /text\/html/);
		assert.ok(page.text.includes(`parleyd --origin ${origin}`), page.text);
	});
}

const refusals = (target) => target.stderr.split('\n').filter((line) => line.includes('origin.refused'));

test('the log says once of each origin that it was refused, and what would allow it', async (t) => {
	const told = await serverFor(t, { args: ['--origin', 'https://chat.example'] });
	const origins = ['http://chat.example', 'https://www.chat.example', 'https://chat.example:8443'];
	for (const origin of [...origins, ...origins]) {
		assert.equal((await upgraded(told, 'chat.example', origin)).status, 403);
		assert.equal((await post(told, 'room.list', {}, { origin })).status, 403);
	}
	await until(5000, 'the lines', () => refusals(told).length >= origins.length);
	assert.equal(refusals(told).length, origins.length, told.stderr);
	for (const origin of origins) {
		assert.equal(refusals(told).filter((line) => line.includes(`"--origin ${origin}"`)).length, 1, told.stderr);
	}
});

test('no option is told for an origin that --origin cannot name', async (t) => {
	const told = await serverFor(t, { args: ['--origin', 'https://chat.example'] });
	const origins = ['null', 'capacitor://localhost', 'chrome-extension://abcdef', 'https://a.example/path', 'https://'];
	for (const origin of origins) {
		const answer = await post(told, 'room.list', {}, { origin });
		assert.equal(answer.status, 403);
		assert.doesNotMatch(answer.text, /--origin \S/);
	}
	await until(5000, 'the lines', () => refusals(told).length === origins.length);
	for (const [i, origin] of origins.entries()) {
		assert.ok(refusals(told)[i].includes(`origin="${origin}"`), refusals(told)[i]);
		assert.match(refusals(told)[i], / option="" .*no option allows it/);
	}
});

test('who makes up origins does not fill the log', async (t) => {
	const told = await serverFor(t, { args: ['--origin', 'https://chat.example'] });
	const began = Date.now();
	for (let i = 0; i < 300; i++) {
		assert.equal((await post(told, 'room.list', {}, { origin: `https://n${i}.example` })).status, 403);
	}
	const most = 8 + Math.ceil((Date.now() - began) / 10000);
	assert.ok(refusals(told).length <= most, `${refusals(told).length} lines, ${most} are the most`);
});

test('the log names --trusted-proxy when an address speaks for clients that is not believed', async (t) => {
	const told = await serverFor(t, { args: ['--trusted-proxy', '127.0.0.9'] });
	await post(told, 'room.list', {}, { origin: 'https://localhost', headers: { Host: 'localhost', 'X-Forwarded-Proto': 'https' } });
	await post(told, 'room.list', {}, { origin: 'https://127.0.0.1', headers: { Host: '127.0.0.1' } });
	await until(5000, 'the lines', () => refusals(told).length === 2);
	assert.match(refusals(told)[0], /127\.0\.0\.1.*--trusted-proxy/);
	assert.doesNotMatch(refusals(told)[1], /--trusted-proxy/);
});

test('the page for an unknown name shows no markup of the name', async () => {
	const raw = await RawSocket.connect(server);
	raw.write("GET / HTTP/1.1\r\nHost: a&b'c.example\r\n\r\n");
	const answer = await raw.readResponse();
	assert.equal(answer.status, 421);
	assert.ok(answer.body.includes('http://a&#38;b&#39;c.example'), answer.body);
	raw.destroy();
});

test('metrics are no page\'s that comes under a stranger\'s name; health checks may come under any', async () => {
	const headers = { Host: 'evil.example' };
	assert.equal((await get(server, '/metrics', { headers })).status, 421);
	assert.equal((await get(server, '/readyz', { headers })).status, 200);
	assert.equal((await get(server, '/metrics')).status, 200);
});

test('a program that names no Origin is served under any name', async () => {
	const answer = await post(server, 'session.start', { guest: 'Robot' }, { headers: { Host: 'parley.internal:8080' } });
	assert.equal(answer.status, 200);
});

test('with --origin exactly those are allowed, and the page comes under every name', async (t) => {
	const told = await serverFor(t, { args: ['--origin', 'https://chat.example'] });
	assert.equal((await upgraded(told, 'chat.example', 'https://chat.example')).status, 101);
	assert.equal((await upgraded(told, 'localhost', 'http://localhost')).status, 403);
	assert.equal((await get(told, '/', { headers: { Host: 'chat.example' } })).status, 200);
});
