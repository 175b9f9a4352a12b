// What the sender of webhooks posts, and what it makes of replies of every kind.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Webhook } from 'standardwebhooks';
import { makeCertificate } from '../e2e/lib/certificate.mjs';
import { receiver, SECRET, WebhookAgent } from '../e2e/lib/webhook_agent.mjs';
import { until } from '../e2e/lib/wait.mjs';

const OTHER_SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

// Bytes at will in place of a reply.
async function raw(t, answer) {
	const sockets = new Set();
	const server = createTcpServer((socket) => {
		sockets.add(socket);
		socket.on('error', () => {}).once('data', () => answer(socket));
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => { server.close(); sockets.forEach((socket) => socket.destroy()); });
	return `http://127.0.0.1:${server.address().port}/`;
}

function certificates(t) {
	const dir = mkdtempSync(join(tmpdir(), 'parley-webhook-'));
	t.after(() => rmSync(dir, { recursive: true }));
	const at = (name) => ({ cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) });
	const authority = at('authority');
	makeCertificate('authority', authority.cert, authority.key);
	const issue = (name, alternatives) => {
		const one = at(name);
		makeCertificate(name, one.cert, one.key, { alternatives, authority });
		return { cert: readFileSync(one.cert), key: readFileSync(one.key) };
	};
	return { caFile: authority.cert, issue };
}

test('the request is what Standard Webhooks says, and its package and OpenSSL verify it', async (t) => {
	const agent = WebhookAgent.for(t);
	const to = await receiver(t);
	agent.say('header', 'Authorization', 'Bearer of a secret');
	const outcome = await agent.post(agent.endpoint(to.url('/a?b=c'), { secrets: [SECRET, OTHER_SECRET] }), 'event_1', '{"type":"message.created"}');
	assert.equal(outcome.end, 'answered');
	assert.equal(outcome.status, 200);
	assert.equal(outcome.reply, 'fine');
	const [request] = to.got;
	assert.deepEqual([request.method, request.url, request.body], ['POST', '/a?b=c', '{"type":"message.created"}']);
	assert.deepEqual(Object.keys(request.headers).sort(), ['accept', 'authorization', 'content-length', 'content-type', 'host', 'user-agent', 'webhook-id', 'webhook-signature', 'webhook-timestamp']);
	assert.equal(request.headers.authorization, 'Bearer of a secret');
	assert.equal(request.headers['content-type'], 'application/json');
	assert.equal(request.headers['webhook-timestamp'], String(outcome.timestamp));
	assert.match(request.headers['webhook-signature'], /^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
	for (const secret of [SECRET, OTHER_SECRET]) {
		assert.deepEqual(new Webhook(secret).verify(request.body, request.headers), { type: 'message.created' });
	}
	assert.throws(() => new Webhook(SECRET).verify(`${request.body} `, request.headers));
	const key = Buffer.from(SECRET.slice(6), 'base64').toString('hex');
	const mac = execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'], { input: `event_1.${outcome.timestamp}.${request.body}` });
	assert.equal(request.headers['webhook-signature'].split(' ')[0], `v1,${mac.toString('base64')}`);
});

test('a connection is used again', async (t) => {
	const agent = WebhookAgent.for(t);
	const to = await receiver(t);
	const endpoint = agent.endpoint(to.url());
	for (let i = 0; i < 20; i++) {
		await agent.post(endpoint, `event_${i}`);
	}
	assert.equal(new Set(to.got.map(({ port }) => port)).size, 1);
});

test('a large body goes out whole', async (t) => {
	const agent = WebhookAgent.for(t);
	const to = await receiver(t);
	const flooded = await agent.flood(agent.endpoint(to.url()), 3, 2000000);
	assert.equal(flooded.good, 3);
	assert.deepEqual(to.got.map(({ body }) => body.length), [2000000, 2000000, 2000000]);
});

test('a redirect is a reply and is not followed', async (t) => {
	const agent = WebhookAgent.for(t);
	const to = await receiver(t, (request, response) => response.writeHead(302, { location: '/other', 'retry-after': '  17 ' }).end());
	const outcome = await agent.post(agent.endpoint(to.url()), 'event');
	assert.deepEqual([outcome.end, outcome.status, outcome.retry_after], ['answered', 302, '17']);
	assert.equal(to.got.length, 1);
});

test('a reply without an end is cut, and its status counts', async (t) => {
	const agent = WebhookAgent.for(t);
	let nBytes = 0;
	const url = await raw(t, (socket) => {
		socket.write('HTTP/1.1 200 OK\r\n\r\n');
		const more = () => { while (!socket.destroyed && socket.write(Buffer.alloc(4096, 'a'), () => { nBytes += 4096; })) { /* until it is full */ } };
		socket.on('drain', more);
		more();
	});
	const outcome = await agent.post(agent.endpoint(url), 'event');
	assert.deepEqual([outcome.end, outcome.status, outcome.reply], ['answered', 200, 'a'.repeat(1024)]);
	assert.ok(outcome.latency_us < 10e6);
});

test('what is no reply has its word', async (t) => {
	const agent = WebhookAgent.for(t);
	const cases = [
		['timed_out', () => {}],
		['timed_out', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n')],
		['connection_lost', (socket) => socket.end()],
		['connection_lost', (socket) => socket.resetAndDestroy()],
		['not_http', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
		['not_http', (socket) => socket.write(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(10000)}\r\n`), 'answered'],
		['not_http', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(10000))],
	];
	for (const [i, [end, answer, instead]] of cases.entries()) {
		const outcome = await agent.post(agent.endpoint(await raw(t, answer), { timeoutMs: 2000 }), `event_${i}`);
		assert.equal(outcome.end, instead ?? end, `case ${i}: ${JSON.stringify(outcome)}`);
	}
	const closed = await raw(t, () => {});
	assert.equal((await agent.post(agent.endpoint(closed.replace(/:\d+/, ':9')), 'closed')).end, 'not_connected');
	assert.equal((await agent.post(agent.endpoint('http://no-such-host.invalid/'), 'unknown')).end, 'name_not_found');
});

test('addresses that are not allowed are refused when they are dialled, whatever the spelling', async (t) => {
	const to = await receiver(t);
	const agent = WebhookAgent.for(t, { allow: [] });
	const hosts = ['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0', 'localhost', 'a.localhost', 'LOCALHOST', '[::ffff:127.0.0.1]', '[::1]', '10.0.0.1', '169.254.169.254'];
	for (const [i, host] of hosts.entries()) {
		assert.equal((await agent.post(agent.endpoint(to.url('/', host)), `event_${i}`)).end, 'address_refused', host);
	}
	const { end } = await agent.post(agent.endpoint(to.url('/', 'localhost.')), 'with_dot'); // it depends on the machine's resolver whether it has an address
	assert.match(end, /^(address_refused|name_not_found)$/);
	assert.equal(to.got.length, 0);
});

test('a proxy in the environment is not asked', async (t) => {
	const to = await receiver(t);
	const proxy = `http://127.0.0.1:${to.port}`;
	const agent = WebhookAgent.for(t, { env: { http_proxy: proxy, HTTP_PROXY: proxy, all_proxy: proxy, ALL_PROXY: proxy } });
	assert.equal((await agent.post(agent.endpoint('http://10.0.0.1/'), 'event')).end, 'address_refused');
	assert.equal(to.got.length, 0);
});

test('what the option names is let through and no more', async (t) => {
	const to = await receiver(t);
	const agent = WebhookAgent.for(t, { allow: ['LocalHost'] });
	assert.equal((await agent.post(agent.endpoint(to.url('/', 'localhost')), 'by_name')).status, 200);
	assert.equal((await agent.post(agent.endpoint(to.url()), 'by_address')).end, 'address_refused');
	assert.equal((await agent.post(agent.endpoint(to.url('/', 'a.localhost')), 'by_other_name')).end, 'address_refused');
});

test('TLS is verified, with an authority for each endpoint', async (t) => {
	const agent = WebhookAgent.for(t);
	const { caFile, issue } = certificates(t);
	const to = await receiver(t, undefined, (answer) => createTlsServer(issue('good', 'IP:127.0.0.1'), answer));
	const wrongName = await receiver(t, undefined, (answer) => createTlsServer(issue('other', 'DNS:other.example'), answer));
	const url = to.url('/', undefined, 'https');
	for (let round = 0; round < 2; round++) { // with handles and connections that have carried the other endpoint
		assert.equal((await agent.post(agent.endpoint(url, { caFile }), `good_${round}`)).status, 200);
		assert.equal((await agent.post(agent.endpoint(url), `system_${round}`)).end, 'certificate_refused');
	}
	assert.equal((await agent.post(agent.endpoint(wrongName.url('/', undefined, 'https'), { caFile }), 'name')).end, 'certificate_refused');
	assert.equal((await agent.post(agent.endpoint(url, { caFile: `${caFile}.missing` }), 'missing')).end, 'tls_failed');
	const plain = await receiver(t);
	assert.equal((await agent.post(agent.endpoint(plain.url('/', undefined, 'https'), { caFile }), 'plain')).end, 'tls_failed');
});

test('HTTP/2 is spoken where it is offered, over one connection', async (t) => {
	const agent = WebhookAgent.for(t);
	const { caFile, issue } = certificates(t);
	const to = await receiver(t, undefined, (answer) => createSecureServer({ ...issue('good', 'IP:127.0.0.1'), allowHTTP1: true }, answer));
	const endpoint = agent.endpoint(to.url('/', undefined, 'https'), { caFile, secrets: [SECRET] });
	const flooded = await agent.flood(endpoint, 500, 300);
	assert.equal(flooded.good, 500);
	assert.deepEqual([...new Set(to.got.map(({ httpVersion }) => httpVersion))], ['2.0']);
	assert.ok(to.sockets.size <= 2, `${to.sockets.size} connections`);
});

test('a window opens with success and closes with failure', async (t) => {
	let status = 200;
	let now = 0;
	let most = 0;
	const to = await receiver(t, (request, response) => {
		most = Math.max(most, ++now);
		setImmediate(() => { now--; response.writeHead(status).end(); });
	});
	const agent = WebhookAgent.for(t);
	const endpoint = agent.endpoint(to.url());
	assert.equal((await agent.flood(endpoint, 300, 10)).good, 300);
	assert.ok(most > 4 && most <= 16, `${most} at once`);
	status = 500;
	assert.equal((await agent.flood(endpoint, 30, 10)).good, 0);
	most = 0;
	await agent.flood(endpoint, 20, 10);
	assert.equal(most, 1);
});

test('endpoints that hang delay no other, and closing waits for none', async (t) => {
	const agent = WebhookAgent.for(t, { options: ['--in-flight', '4'] });
	const hanging = await receiver(t, () => {});
	const fine = await receiver(t);
	for (let i = 0; i < 20; i++) { // five times the places
		agent.say('post', agent.endpoint(hanging.url()), `hangs_${i}`, '{}');
	}
	const endpoint = agent.endpoint(fine.url());
	const first = await agent.post(endpoint, 'first');
	assert.equal(first.status, 200);
	assert.equal((await agent.flood(endpoint, 200, 100)).good, 200);
	assert.equal(agent.told.filter(({ end }) => end === 'timed_out').length, 0);
	assert.ok(await agent.close() < 5000);
	assert.equal(agent.told.filter(({ end }) => end === 'cancelled').length, 20);
});

test('an endpoint that goes takes its posts along', async (t) => {
	const agent = WebhookAgent.for(t);
	const hanging = await receiver(t, () => {});
	const [first, second] = [agent.endpoint(hanging.url()), agent.endpoint(hanging.url())];
	agent.say('post', first, 'goes', '{}');
	agent.say('post', first, 'is_too_many', '{}');
	agent.say('post', second, 'stays', '{}');
	await agent.wait('a refusal', () => agent.told.some(({ refused }) => refused === 'is_too_many'));
	await until(60000, 'the requests', () => hanging.got.length === 2);
	agent.say('destroy', first);
	assert.equal((await agent.outcome('goes')).end, 'cancelled');
	assert.equal(agent.told.find(({ done }) => done === 'stays'), undefined);
});

test('a hundred endpoints of which some hang', async (t) => {
	const agent = WebhookAgent.for(t);
	const hanging = await receiver(t, () => {});
	const fine = await receiver(t);
	for (let i = 0; i < 30; i++) {
		agent.say('post', agent.endpoint(hanging.url(), { timeoutMs: 1500 }), `hangs_${i}`, '{}');
	}
	const floods = await Promise.all(Array.from({ length: 70 }, () => agent.flood(agent.endpoint(fine.url()), 20, 100)));
	assert.ok(floods.every(({ good }) => good === 20));
	for (let i = 0; i < 30; i++) {
		assert.equal((await agent.outcome(`hangs_${i}`)).end, 'timed_out');
	}
});
