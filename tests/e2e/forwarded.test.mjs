// What proxies tell of the client in X-Forwarded-Proto and X-Forwarded-For. The server reads both as lists, and from trusted proxies only.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { fresh } from './lib/client.mjs';
import { get, post } from './lib/http.mjs';
import { nginxFor } from './lib/nginx.mjs';
import { PROXIED, PROXIES } from './lib/proxies.mjs';
import { RawSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server;
before(async () => {
	server = await startServer({ args: ['--trusted-proxy', '127.0.0.1', '--trusted-proxy', '10.0.0.0/8'] });
});
after(() => server.stop());

const SECURE = /^__Host-parley_session[^=]*=.*; Secure$/;
const PLAIN = /^parley_session[^=]*=(?!.*; Secure)/;

async function cookieOf(target, headers, options = {}) {
	const answer = await post(target, 'session.start', { guest: fresh('Guest') }, { headers, ...options });
	assert.equal(answer.status, 200, answer.text);
	return answer.headers['set-cookie'][0];
}

// An array of values becomes one line for each value.
const TLS = {
	'X-Forwarded-Proto: https': { 'X-Forwarded-Proto': 'https' },
	'X-Forwarded-Proto: wss': { 'X-Forwarded-Proto': 'wss' },
	'X-Forwarded-Proto: HTTPS': { 'X-Forwarded-Proto': 'HTTPS' },
	'a list': { 'X-Forwarded-Proto': 'https, http' },
	'a list with empty elements': { 'X-Forwarded-Proto': ', https,,http' },
	'two lines': { 'X-Forwarded-Proto': ['https', 'http'] },
	'the word of the outer one of two proxies': { 'X-Forwarded-For': '192.0.2.7, 10.0.0.1', 'X-Forwarded-Proto': 'wss, http' },
};
const NO_TLS = {
	nothing: {},
	'X-Forwarded-Proto: http': { 'X-Forwarded-Proto': 'http' },
	'X-Forwarded-Proto: ws': { 'X-Forwarded-Proto': 'ws' },
	"a client's own word before the proxy's": { 'X-Forwarded-For': '192.0.2.66, 192.0.2.7', 'X-Forwarded-Proto': 'https, http' },
	'another header': { Forwarded: 'for=192.0.2.7;proto=https', 'X-Forwarded-Ssl': 'on' },
};

for (const [what, headers] of Object.entries(TLS)) {
	test(`a trusted proxy that says TLS: ${what}`, async () => {
		assert.match(await cookieOf(server, headers), SECURE);
		const raw = await RawSocket.connect(server);
		const lines = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(`\r\n${name}: `) : value]));
		raw.write(upgradeRequest({ headers: { Host: 'localhost', Origin: 'https://localhost', ...lines } }));
		assert.equal((await raw.readResponse()).status, 101);
		raw.destroy();
	});
}

for (const [what, headers] of Object.entries(NO_TLS)) {
	test(`a trusted proxy that says no TLS: ${what}`, async () => {
		assert.match(await cookieOf(server, headers), PLAIN);
	});
}

test('nobody else is believed', async (t) => {
	const other = await serverFor(t, { args: ['--trusted-proxy', '127.0.0.9'] });
	for (const headers of Object.values(TLS)) {
		assert.match(await cookieOf(other, headers), PLAIN);
	}
});

const hstsOf = async (target, headers) => (await get(target, '/', { headers })).headers['strict-transport-security'];

test('browsers are told to stay with TLS when the proxy says that they speak it, and only then', async () => {
	for (const headers of Object.values(TLS)) {
		assert.equal(await hstsOf(server, headers), 'max-age=31536000');
	}
	for (const headers of Object.values(NO_TLS)) {
		assert.equal(await hstsOf(server, headers), undefined);
	}
});

for (const [seconds, expected] of [['0', undefined], ['1', 'max-age=1']]) {
	test(`--hsts-seconds ${seconds} tells ${expected ?? 'nothing'}`, async (t) => {
		const told = await serverFor(t, { args: ['--trusted-proxy', '127.0.0.1', '--hsts-seconds', seconds] });
		assert.equal(await hstsOf(told, { 'X-Forwarded-Proto': 'https' }), expected);
	});
}

test('what one request says of its client holds for no other on the same connection', async () => {
	const raw = await RawSocket.connect(server);
	const cookie = async (lines) => {
		const body = JSON.stringify({ guest: fresh('Guest') });
		raw.write(`POST /api/v1/session.start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`);
		return [(await raw.readResponse()).headers['set-cookie']].flat()[0];
	};
	assert.match(await cookie('X-Forwarded-Proto: https\r\n'), SECURE);
	assert.match(await cookie(''), PLAIN);
	raw.destroy();
});

// HAProxy ends TLS. nginx behind it appends its own values, as the ingress of many containers does.
test('through two real proxies that append to the headers, the client is the first one\'s', async (t) => {
	const behind = await serverFor(t, { args: [...PROXIED, '--limit-address-accounts', '1'], relaxed: false });
	await until(5000, 'its listeners', () => /health and metrics on/.test(behind.stdout));
	const inner = await nginxFor(t, (address) => `
		server {
			listen ${address};
			location / {
				proxy_pass http://127.0.0.1:${behind.port};
				proxy_set_header Host $http_host;
				proxy_set_header X-Forwarded-Proto "$http_x_forwarded_proto, $scheme";
				proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			}
		}`);
	const outer = await PROXIES.HAProxy(t, { port: inner.port, stdout: behind.stdout });
	await until(15000, 'the server through both', async () => (await get(outer, '/')).status === 200, 50);
	assert.match(await cookieOf({ url: outer.url, localAddress: '127.0.0.2' }, {}), SECURE);
	assert.match(await cookieOf({ url: outer.url, localAddress: '127.0.0.3' }, {}), SECURE);
	assert.equal((await post({ url: outer.url, localAddress: '127.0.0.3' }, 'session.start', { guest: fresh('Guest') })).status, 429);
});
