// HTTP/1.1 (RFC 9110, RFC 9112) over raw sockets, above all the ways to smuggle requests past a proxy.
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { sleep } from '../e2e/lib/env.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { RawSocket } from '../e2e/lib/raw.mjs';
import { serverFor, startServer } from '../e2e/lib/server.mjs';
import { readBy } from '../e2e/lib/tcp.mjs';
import { until } from '../e2e/lib/wait.mjs';

let server;
before(async () => {
	server = await startServer({ args: ['--limit-header-ms', '1500', '--limit-body-ms', '1500'] });
});
after(() => server.stop());

const text = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;
const post = (headers, body = '') => `${text('POST /api/v1/session.start HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...headers)}${body}`;
const BODY = '{"guest":"Raw"}';

// name, request, the statuses that are right, whether the connection must end
const cases = [
	['GET is answered', text('GET /healthz HTTP/1.1', 'Host: localhost'), [200]],
	['HTTP/1.0 is answered', text('GET /healthz HTTP/1.0', 'Host: localhost'), [200]],
	['HTTP/1.0 without Host is answered', text('GET /healthz HTTP/1.0'), [200]],
	['POST with Content-Length is answered', post([`Content-Length: ${BODY.length}`], BODY), [200]],
	['POST with Content-Length 0 is answered', text('POST /api/v1/room.list HTTP/1.1', 'Host: localhost', 'Content-Length: 0'), [401]],
	['an unknown path is 404', text('GET /nothing HTTP/1.1', 'Host: localhost'), [404]],
	['an unknown command is 404', text('POST /api/v1/nothing HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', 'Content-Length: 0'), [404]],
	['POST to a page is 405', text('POST / HTTP/1.1', 'Host: localhost', 'Content-Length: 0'), [405]],
	['DELETE is 405', text('DELETE / HTTP/1.1', 'Host: localhost'), [405]],
	['OPTIONS is 405', text('OPTIONS / HTTP/1.1', 'Host: localhost'), [405]],
	['OPTIONS * is refused', text('OPTIONS * HTTP/1.1', 'Host: localhost'), [405], true],
	['TRACE is refused', text('TRACE / HTTP/1.1', 'Host: localhost'), [405], true],
	['CONNECT is refused', text('CONNECT x:443 HTTP/1.1', 'Host: localhost'), [405], true],
	['CONNECT on a kept connection is refused', text('GET /healthz HTTP/1.1', 'Host: localhost') + text('CONNECT x:443 HTTP/1.1', 'Host: localhost'), [200], true],
	['an unknown method is refused', text('BREW / HTTP/1.1', 'Host: localhost'), [405], true],
	['a method in small letters is another one', text('get / HTTP/1.1', 'Host: localhost'), [405], true],
	['GET /ws without an upgrade is refused', text('GET /ws HTTP/1.1', 'Host: localhost'), [426]],
	['no Host is refused', text('GET /healthz HTTP/1.1'), [400], true],
	['two Hosts are refused', text('GET /healthz HTTP/1.1', 'Host: localhost', 'Host: y'), [400], true],
	['two equal Hosts are refused', text('GET /healthz HTTP/1.1', 'Host: localhost', 'host: localhost'), [400], true],
	['Transfer-Encoding: chunked is refused', post(['Transfer-Encoding: chunked'], `f\r\n${BODY}\r\n0\r\n\r\n`), [400], true],
	['Transfer-Encoding and Content-Length are refused', post(['Transfer-Encoding: chunked', `Content-Length: ${BODY.length}`], BODY), [400], true],
	['Content-Length and Transfer-Encoding are refused', post([`Content-Length: ${BODY.length}`, 'Transfer-Encoding: chunked'], BODY), [400], true],
	['Transfer-Encoding: identity is refused', post(['Transfer-Encoding: identity', `Content-Length: ${BODY.length}`], BODY), [400], true],
	['an obscured Transfer-Encoding is refused', post(['Transfer-Encoding : chunked', `Content-Length: ${BODY.length}`], BODY), [400], true],
	...[' \t', '\t', '\t\t', '  '].map((space) => [`a Transfer-Encoding with ${JSON.stringify(space)} before its colon is refused`,
		post([`Transfer-Encoding${space}: chunked`, `Content-Length: ${BODY.length}`], BODY), [400], true]),
	['a Content-Length with two spaces before its colon is refused', post(['Content-Length  : 3', `Content-Length: ${BODY.length}`], BODY), [400], true],
	['a Content-Length with three spaces before its colon is refused', post(['Content-Length   : 3', `Content-Length: ${BODY.length}`], BODY), [400], true],
	['a header before the request line is refused', `Host: localhost\r\n${text('GET /healthz HTTP/1.1')}`, [400], true],
	['a PROXY header is refused where none is expected', `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${text('GET /healthz HTTP/1.1', 'Host: localhost')}`, [400], true],
	['tRANSFER-eNCODING is refused', post(['tRANSFER-eNCODING: x', `Content-Length: ${BODY.length}`], BODY), [400], true],
	['Transfer-Encoding on GET is refused', text('GET /healthz HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked'), [400], true],
	['two Content-Lengths that differ are refused', post(['Content-Length: 15', 'Content-Length: 0'], BODY), [400], true],
	['two equal Content-Lengths are refused', post(['Content-Length: 15', 'Content-Length: 15'], BODY), [400], true],
	['a list of Content-Lengths is refused', post(['Content-Length: 15, 15'], BODY), [400], true],
	['Content-Length +15 is refused', post(['Content-Length: +15'], BODY), [400], true],
	['Content-Length -1 is refused', post(['Content-Length: -1'], BODY), [400], true],
	['Content-Length 0x0f is refused', post(['Content-Length: 0x0f'], BODY), [400], true],
	['Content-Length 1e1 is refused', post(['Content-Length: 1e1'], BODY), [400], true],
	['an empty Content-Length is refused', post(['Content-Length:'], BODY), [400], true],
	['Content-Length beyond 64 bits is refused', post(['Content-Length: 18446744073709551631'], BODY), [400], true],
	['Content-Length beyond the limit is refused before the body comes', post(['Content-Length: 70000']), [413], true],
	['POST without a length is refused', post([], BODY), [411], true],
	['a folded Transfer-Encoding is refused', post(['Transfer-Encoding:\r\n chunked', `Content-Length: ${BODY.length}`], BODY), [400], true],
	['a bare LF at the end of a line is refused', 'GET /healthz HTTP/1.1\nHost: x\n\n', [400], true],
	['an absolute target is answered', text('GET http://localhost/healthz HTTP/1.1', 'Host: localhost'), [200]],
	['an absolute target of another host than Host is refused', text('GET http://y/healthz HTTP/1.1', 'Host: localhost'), [400], true],
	['a target without a slash is refused', text('GET healthz HTTP/1.1', 'Host: localhost'), [400], true],
	['no target is refused', text('GET  HTTP/1.1', 'Host: localhost'), [400], true],
	['HTTP/0.9 is refused', 'GET /healthz\r\n\r\n', [400, 505], true],
	['HTTP/3.0 is refused', text('GET /healthz HTTP/3.0', 'Host: localhost'), [400, 505], true],
	['rubbish is refused', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', [400], true],
	['an HTTP/2 preface is refused', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 405, 505], true],
	['a header of 20 KiB is refused', text('GET /healthz HTTP/1.1', 'Host: localhost', `X-Big: ${'y'.repeat(20480)}`), [431], true],
	['a target of 20 KiB is refused', text(`GET /${'y'.repeat(20480)} HTTP/1.1`, 'Host: localhost'), [431], true],
	['a thousand headers are refused', text('GET /healthz HTTP/1.1', 'Host: localhost', ...Array.from({ length: 1000 }, (_, i) => `X-${i}: y`)), [431], true],
];

for (const [name, request, statuses, ends] of cases) {
	test(name, async () => {
		const raw = await RawSocket.connect(server);
		raw.write(Buffer.from(request, 'latin1'));
		const head = await raw.readHead();
		assert.ok(statuses.includes(head?.status), `${head?.status}`);
		if (head.status >= 400) {
			assert.match(head.headers['content-type'], /json/);
		}
		if (ends) {
			await raw.waitEnd();
			assert.doesNotMatch(raw.bytes.toString('latin1'), /HTTP\/1\.1 200/, 'what follows was taken for a request');
		}
		raw.destroy();
	});
}

test('a smuggled request behind a refused one is not answered', async () => {
	const hidden = text('GET /healthz HTTP/1.1', 'Host: localhost');
	for (const request of [post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${hidden}`), post([`Content-Length: ${hidden.length}`, 'Content-Length: 0'], hidden),
		post(['Content-Length: 0x2'], hidden), text('GET /healthz HTTP/1.1', 'Host: localhost', 'Host: y') + hidden]) {
		const raw = await RawSocket.connect(server);
		raw.write(request);
		await raw.waitEnd();
		const answers = raw.bytes.toString('latin1').match(/HTTP\/1\.1 \d+/g) ?? [];
		assert.ok(answers.length <= 1 && !answers.includes('HTTP/1.1 200'), `${answers}`);
	}
});

test('a connection is kept for the next request', async () => {
	const raw = await RawSocket.connect(server);
	for (let i = 0; i < 10; i++) {
		raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
		assert.equal((await raw.readResponse()).body, 'ok\n');
	}
	raw.write(post([`Content-Length: ${BODY.length}`], BODY));
	assert.equal((await raw.readResponse()).status, 200);
	raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
	assert.equal((await raw.readResponse()).status, 200);
	raw.destroy();
});

test('an error that breaks no framing keeps the connection', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(text('GET /nothing HTTP/1.1', 'Host: localhost'));
	assert.equal((await raw.readResponse()).status, 404);
	raw.write(post(['Content-Length: 1'], '{'));
	assert.equal((await raw.readResponse()).status, 400);
	raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
	assert.equal((await raw.readResponse()).status, 200);
	raw.destroy();
});

test('requests sent ahead are answered one after the other, bodies or not', async () => {
	const raw = await RawSocket.connect(server);
	const asked = [text('GET /healthz HTTP/1.1', 'Host: localhost'), post([`Content-Length: ${BODY.length}`], BODY), text('GET /nothing HTTP/1.1', 'Host: localhost'),
		post([`Content-Length: ${BODY.length}`], BODY), post(['Content-Length: 1'], '{'), text('GET /healthz HTTP/1.1', 'Host: localhost')];
	raw.write(asked.join('').repeat(20));
	for (let i = 0; i < 20 * asked.length; i++) {
		const answer = await raw.readResponse();
		assert.equal(answer?.status, [200, 200, 404, 200, 400, 200][i % asked.length], `answer ${i}`);
	}
	raw.destroy();
});

test('one empty line before a request is passed over, a second one is not', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(`${post([`Content-Length: ${BODY.length}`], BODY)}\r\n${text('GET /healthz HTTP/1.1', 'Host: localhost')}`);
	assert.equal((await raw.readResponse()).status, 200);
	assert.equal((await raw.readResponse()).status, 200);
	raw.write(`\r\n\r\n${text('GET /healthz HTTP/1.1', 'Host: localhost')}`);
	assert.equal((await raw.readResponse()).status, 400);
	await raw.waitEnd();
});

test('a client that has closed its side gets its answer', async () => {
	const raw = await RawSocket.connect(server);
	raw.socket.end(post([`Content-Length: ${BODY.length}`], BODY));
	assert.equal((await raw.readResponse())?.status, 200);
	await raw.waitEnd();
});

test('Connection: close ends the connection after the answer', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost', 'Connection: close'));
	assert.equal((await raw.readResponse()).status, 200);
	await raw.waitEnd();
});

test('HTTP/1.0 ends the connection after the answer', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(text('GET /healthz HTTP/1.0', 'Host: localhost'));
	assert.equal((await raw.readResponse()).status, 200);
	await raw.waitEnd();
});

test('HEAD has a length and no body', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(text('HEAD /healthz HTTP/1.1', 'Host: localhost'));
	const head = await raw.readHead();
	assert.equal(head.status, 200);
	assert.equal(head.headers['content-length'], '3');
	raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
	assert.equal((await raw.readResponse()).body, 'ok\n');
	raw.destroy();
});

test('a refused HEAD has no body either', async () => {
	for (const request of [text('HEAD / HTTP/1.1', 'Host: localhost', 'Content-Length: 3'), text('HEAD / HTTP/1.1', 'Host: a', 'Host: b'), text('HEAD //x HTTP/1.1', 'Host: localhost')]) {
		const raw = await RawSocket.connect(server);
		raw.write(request);
		const head = await raw.readHead();
		assert.equal(head.status, 400);
		await raw.waitEnd();
		assert.equal(raw.bytes.length, 0, raw.bytes.toString());
	}
});

test('405 names the methods that are allowed', async () => {
	for (const [request, allowed] of [[text('DELETE / HTTP/1.1', 'Host: localhost'), /GET/], [text('GET /api/v1/room.list HTTP/1.1', 'Host: localhost'), /POST/]]) {
		const raw = await RawSocket.connect(server);
		raw.write(request);
		const head = await raw.readHead();
		assert.equal(head.status, 405);
		assert.match(head.headers.allow, allowed);
		raw.destroy();
	}
});

test('a request that comes byte by byte is answered', async () => {
	const raw = await RawSocket.connect(server);
	for (const byte of post([`Content-Length: ${BODY.length}`], BODY)) {
		raw.write(byte);
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.equal((await raw.readResponse()).status, 200);
	raw.destroy();
});

test('a body in pieces is put together', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(post([`Content-Length: ${BODY.length}`], BODY.slice(0, 5)));
	await readBy(server, raw);
	raw.write(BODY.slice(5));
	assert.equal((await raw.readResponse()).status, 200);
	raw.destroy();
});

test('a head that drips is cut off at its deadline', async () => {
	const raw = await RawSocket.connect(server);
	raw.write('GET /healthz HTTP/1.1\r\n');
	const began = Date.now();
	const drip = setInterval(() => raw.write('X: y\r\n'), 200);
	await raw.waitEnd(10000);
	clearInterval(drip);
	assert.ok(Date.now() - began > 1000, 'cut off before its time');
	assert.doesNotMatch(raw.bytes.toString(), /200 OK/);
});

test('a body that drips is cut off at its deadline', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(post(['Content-Length: 1000']));
	const began = Date.now();
	const drip = setInterval(() => raw.write(' '), 200);
	await raw.waitEnd(10000);
	clearInterval(drip);
	assert.ok(Date.now() - began > 1000, 'cut off before its time');
});

async function keptAlive(target) {
	const raw = await RawSocket.connect(target);
	raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
	assert.equal((await raw.readResponse()).status, 200);
	return raw;
}

// Each test waits most of its time, so they run side by side.
describe('time between and within requests', { concurrency: true }, () => {
	test('a kept connection is let go of after limits.idle_ms', async (t) => {
		const hasty = await serverFor(t, { args: ['--limit-idle-ms', '2000'] });
		const raw = await keptAlive(hasty);
		const began = Date.now();
		await raw.waitEnd(15000);
		assert.ok(Date.now() - began > 1500, `${Date.now() - began} ms`);
	});

	test('and not before: a proxy finds the connections of its pool as it left them', async () => {
		const raw = await keptAlive(server);
		for (let i = 0; i < 2; i++) {
			await sleep(6500);
			raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
			assert.equal((await raw.readResponse())?.status, 200);
		}
		raw.destroy();
	});

	test('a later head that drips on a kept connection is cut off at its deadline too', async () => {
		const raw = await keptAlive(server);
		const began = Date.now();
		raw.write('GET /healthz HTTP/1.1\r\n');
		const drip = setInterval(() => raw.write('X: y\r\n'), 200);
		await raw.waitEnd(10000);
		clearInterval(drip);
		assert.ok(Date.now() - began > 1000, 'cut off before its time');
	});

	test('a later head that begins when the idle time is nearly over has its own time', async (t) => {
		const patient = await serverFor(t, { args: ['--limit-idle-ms', '2000', '--limit-header-ms', '10000'] });
		const raw = await keptAlive(patient);
		await sleep(1000);
		raw.write('GET /healthz HTTP/1.1\r\n');
		await sleep(2500);
		raw.write('Host: localhost\r\n\r\n');
		assert.equal((await raw.readResponse())?.status, 200);
		raw.destroy();
	});

	test('a body may pause as long as its deadline allows', async (t) => {
		const patient = await serverFor(t, { args: ['--limit-body-ms', '60000'] });
		const raw = await RawSocket.connect(patient);
		raw.write(post([`Content-Length: ${BODY.length}`], BODY.slice(0, 5)));
		await sleep(32000); // the library's own time for a pause was 30 s
		raw.write(BODY.slice(5));
		assert.equal((await raw.readResponse())?.status, 200);
		raw.destroy();
	});
});

test('a client that goes away in the middle of its body does no harm', async (t) => {
	const patient = await serverFor(t, { args: ['--limit-body-ms', '120000'] }); // longer than the test waits
	const before = patient.fds();
	const earlier = await metricsOf(patient);
	for (let i = 0; i < 20; i++) {
		const raw = await RawSocket.connect(patient);
		raw.write(post(['Content-Length: 1000'], 'x'.repeat(i * 10)));
		if (i % 4 < 2) {
			await readBy(patient, raw);
		}
		if (i % 2) {
			raw.reset();
		} else {
			raw.destroy();
		}
	}
	const now = await metricsOf(patient); // asked on a connection that came behind all of them
	assert.ok(now.get('parley_accepted_total') - earlier.get('parley_accepted_total') > 20);
	await until(30000, `${before} descriptors`, () => patient.fds() <= before);
});

test('a client that asks and does not wait for the answer does no harm', async () => {
	for (let i = 0; i < 50; i++) {
		const raw = await RawSocket.connect(server);
		raw.write(post([`Content-Length: ${BODY.length}`], BODY));
		raw.reset();
	}
	const raw = await RawSocket.connect(server);
	raw.write(text('GET /healthz HTTP/1.1', 'Host: localhost'));
	assert.equal((await raw.readResponse()).status, 200);
	raw.destroy();
});

test('Expect: 100-continue is answered before the body comes', async () => {
	const raw = await RawSocket.connect(server);
	for (let i = 0; i < 2; i++) {
		raw.write(post([`Content-Length: ${BODY.length}`, 'Expect: 100-continue']));
		assert.equal((await raw.readHead())?.status, 100);
		raw.write(BODY);
		assert.equal((await raw.readResponse())?.status, 200);
	}
	raw.write(text('POST /api/v1/nothing HTTP/1.1', 'Host: localhost', 'Content-Length: 5', 'Expect: 100-continue'));
	const refused = await raw.readResponse();
	assert.equal(refused?.status, 404, 'refused without asking for the body');
	assert.equal(refused.headers.connection, 'close');
	await raw.waitEnd();
});

test('another expectation is refused with 417', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(post([`Content-Length: ${BODY.length}`, 'Expect: the-unexpected'], BODY));
	assert.equal((await raw.readHead())?.status, 417);
	await raw.waitEnd();
});

// A path has one spelling, so another spelling does not get past a proxy's rule.
for (const path of ['//metrics', '/./metrics', '/%6detrics', '/r/../metrics', '/metrics/..', '/r/%2e%2e/metrics', '/%2Fmetrics', '/metrics%00', '/metrics%', '/metrics%2', '/a%5cb', '/metrics#x',
	'/me"trics', '/%0ametrics', '/r//x', '/.', '/..']) {
	test(`the path ${path} is refused`, async () => {
		const raw = await RawSocket.connect(server);
		raw.write(text(`GET ${path} HTTP/1.1`, 'Host: localhost'));
		const answer = await raw.readResponse();
		assert.equal(answer?.status, 400);
		assert.equal(JSON.parse(answer.body).data.code, 'invalid_request');
		await raw.waitEnd();
	});
}

for (const path of ['/r/caf%C3%A9', '/r/a%20b', '/r/100%25', '/r/%E5%A4%AA', '/r/~x', '/r/']) {
	test(`the path ${path} is the page`, async () => {
		const raw = await RawSocket.connect(server);
		raw.write(text(`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1'));
		assert.equal((await raw.readResponse())?.status, 200);
		raw.destroy();
	});
}
