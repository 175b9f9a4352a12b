// The client of a connection, as the header of a TCP proxy tells it before the first byte. Guests are limited per address, which shows the address that counts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { clientFor, fresh } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { haproxyFor } from './lib/haproxy.mjs';
import { get, post } from './lib/http.mjs';
import { RawSocket, upgradeRequest } from './lib/raw.mjs';
import { serverFor, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const LOCAL = binary(0x20, 0, Buffer.alloc(0));

const line = (address, family = address.includes(':') ? 6 : 4) => Buffer.from(`PROXY TCP${family} ${address} ${family === 6 ? '::1' : '127.0.0.1'} 40000 80\r\n`);

function binary(command, family, body) {
	const head = Buffer.from([command, family, 0, 0]);
	head.writeUInt16BE(body.length, 2);
	return Buffer.concat([SIGNATURE, head, body]);
}

const v4 = (address, extensions = '') =>
	binary(0x21, 0x11, Buffer.concat([Buffer.from([...address.split('.').map(Number), 127, 0, 0, 1, 0x9c, 0x40, 0, 80]), Buffer.from(extensions, 'latin1')]));

const signIn = (headers = '') => {
	const body = JSON.stringify({ guest: fresh('Guest'), cookie: true });
	return `POST /api/v1/session.start HTTP/1.1\r\nHost: chat.example\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
};

// On a connection of its own: the status of becoming a guest there.
async function guestStatus(target, header, headers) {
	const raw = await RawSocket.connect(target);
	raw.write(Buffer.concat([header, Buffer.from(signIn(headers))]));
	const answer = await raw.readResponse();
	raw.destroy();
	return answer?.status ?? null;
}

const serve = (t, { args = [], ...options } = {}) =>
	serverFor(t, { relaxed: false, args: ['--proxy-protocol', 'on', '--trusted-proxy', '127.0.0.1', '--limit-address-accounts', '1', ...args], ...options });

const metric = async (server, name) => {
	const raw = await RawSocket.connect(server);
	raw.write(Buffer.concat([LOCAL, Buffer.from('GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')]));
	const { body } = await raw.readResponse();
	return Number(new RegExp(`^parley_${name} (\\d+)$`, 'm').exec(body)[1]);
};

for (const [version, header] of [['1', line], ['2', v4]]) {
	test(`version ${version}: limits count by the address in the header; the request may come in the same segment`, async (t) => {
		const server = await serve(t);
		assert.equal(await guestStatus(server, header('192.0.2.1')), 200);
		assert.equal(await guestStatus(server, header('192.0.2.1')), 429);
		assert.equal(await guestStatus(server, header('192.0.2.2')), 200);
	});

	test(`version ${version}: a header that comes byte by byte is read, and the loop sleeps in between`, async (t) => {
		const server = await serve(t);
		const cpuTicks = () => readFileSync(`/proc/${server.pid}/stat`, 'latin1').replace(/^.*\) /, '').split(' ').slice(11, 13).reduce((sum, ticks) => sum + Number(ticks), 0);
		const raw = await RawSocket.connect(server);
		const bytes = header('192.0.2.1');
		const before = cpuTicks();
		for (const byte of bytes) {
			raw.write(Buffer.from([byte]));
			await sleep(25); // that it sleeps in between is told by the processor's time, which does not grow while others have the processor
		}
		const spent = cpuTicks() - before;
		raw.write(signIn());
		assert.equal((await raw.readResponse()).status, 200);
		assert.ok(spent < bytes.length * 2.5 / 2, `${spent} ticks of 10 ms in ${bytes.length * 2.5}`);
		raw.destroy();
		assert.equal(await guestStatus(server, header('192.0.2.1')), 429, 'the address was read whole');
	});
}

test('IPv6 addresses count by their /64', async (t) => {
	const server = await serve(t);
	assert.equal(await guestStatus(server, line('2001:db8::1')), 200);
	assert.equal(await guestStatus(server, line('2001:db8::2')), 429);
	assert.equal(await guestStatus(server, line('2001:db8:0:1::1')), 200);
});

test('without an address in the header the proxy itself is counted, and nothing that it forwards is believed', async (t) => {
	const server = await serve(t);
	assert.equal(await guestStatus(server, Buffer.from('PROXY UNKNOWN\r\n'), 'X-Forwarded-For: 192.0.2.1\r\n'), 200);
	assert.equal(await guestStatus(server, LOCAL, 'X-Forwarded-For: 192.0.2.2\r\n'), 429);
});

test('a trusted proxy behind the TCP proxy is asked whom it forwards, a client is not', async (t) => {
	const server = await serve(t, { args: ['--trusted-proxy', '10.0.0.0/8'] });
	assert.equal(await guestStatus(server, v4('10.0.0.1'), 'X-Forwarded-For: 192.0.2.1\r\n'), 200);
	assert.equal(await guestStatus(server, v4('10.0.0.1'), 'X-Forwarded-For: 192.0.2.2\r\n'), 200);
	assert.equal(await guestStatus(server, v4('10.0.0.1'), 'X-Forwarded-For: 192.0.2.1\r\n'), 429);
	assert.equal(await guestStatus(server, v4('192.0.2.9'), 'X-Forwarded-For: 192.0.2.10\r\n'), 200);
	assert.equal(await guestStatus(server, v4('192.0.2.9'), 'X-Forwarded-For: 192.0.2.11\r\n'), 429);
});

test('when the proxy says that it took TLS off, the cookie is for https only', async (t) => {
	const server = await serve(t);
	for (const [flags, name] of [['\x01', '__Host-parley_session='], ['\x00', 'parley_session=']]) {
		const raw = await RawSocket.connect(server);
		raw.write(Buffer.concat([v4(`192.0.2.${1 + flags.charCodeAt(0)}`, `\x20\x00\x05${flags}\x00\x00\x00\x00`), Buffer.from(signIn())]));
		const { status, headers } = await raw.readResponse();
		assert.equal(status, 200);
		assert.ok(headers['set-cookie'].startsWith(name), headers['set-cookie']);
		raw.destroy();
	}
});

test('the limit of connections of one address is for those in the headers', async (t) => {
	const server = await serve(t, { args: ['--limit-address-connections', '1'] });
	const first = await RawSocket.connect(server);
	first.write(Buffer.concat([v4('192.0.2.1'), Buffer.from(upgradeRequest())]));
	assert.equal((await first.readHead()).status, 101);
	assert.equal(await guestStatus(server, v4('192.0.2.1')), null);
	assert.equal(await guestStatus(server, v4('192.0.2.2')), 200);
	first.destroy();
});

for (const [what, bytes] of [
	['a request without a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
	['garbage', '\x16\x03\x01\x02\x00\x01'],
	['a line with a bad address', 'PROXY TCP4 192.0.2.300 127.0.0.1 1 2\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
	['a line that does not end', `PROXY UNKNOWN ${'x'.repeat(200)}`],
	['a binary header that is too long', binary(0x20, 0, Buffer.alloc(537))],
]) {
	test(`${what} ends the connection without an answer, and is counted as refused`, async (t) => {
		const server = await serve(t);
		const before = await metric(server, 'refused_total');
		const raw = await RawSocket.connect(server);
		raw.write(Buffer.from(bytes, 'latin1'));
		await raw.waitEnd();
		assert.equal(raw.bytes.length, 0);
		assert.equal(await metric(server, 'refused_total'), before + 1);
		assert.match(server.stderr, /proxy_header\.refused.*127\.0\.0\.1/);
	});
}

test('a header that does not come in time ends the connection, however it drips', async (t) => {
	const server = await serve(t, { args: ['--limit-header-ms', '500'] });
	const silent = await RawSocket.connect(server);
	const dripping = await RawSocket.connect(server);
	dripping.write('PROXY UNKNOWN');
	let dripped = 0;
	const drip = setInterval(() => {
		dripping.write('.');
		dripped++;
	}, 100);
	t.after(() => clearInterval(drip));
	await silent.waitEnd(30000);
	await dripping.waitEnd(30000);
	clearInterval(drip);
	assert.ok(dripped > 0 && dripped < 80, `${dripped} bytes: a line of 107 ends the connection whatever the time`);
	assert.equal(await metric(server, 'refused_total'), 2);
});

test('connections whose header is awaited count as connections', async (t) => {
	const server = await serve(t, { args: ['--limit-connections', '2', '--limit-header-ms', '0'] });
	const waiting = [await RawSocket.connect(server), await RawSocket.connect(server)];
	const third = await RawSocket.connect(server);
	await third.waitEnd();
	waiting[0].destroy();
	await until(30000, 'room for another', async () => (await guestStatus(server, v4('192.0.2.1'))) === 200);
	waiting[1].write(Buffer.concat([v4('192.0.2.2'), Buffer.from(signIn())]));
	assert.equal((await waiting[1].readResponse()).status, 200, 'the one that waited longest was not forgotten');
	waiting[1].destroy();
});

test('only trusted proxies may connect; the operator\'s socket has no header', async (t) => {
	const server = await serverFor(t, { args: ['--proxy-protocol', 'on', '--trusted-proxy', '10.0.0.0/8'] });
	assert.equal(await guestStatus(server, v4('192.0.2.1')), null);
	assert.equal(await guestStatus(server, Buffer.alloc(0)), null);
	const { text } = await get({ socketPath: server.operatorSocket }, '/metrics');
	assert.match(text, /^parley_refused_total 2$/m);
});

test('a Unix socket has the header too, when its peers are trusted', async (t) => {
	const path = join(temporaryDir(), 'parley.sock');
	await serve(t, { listen: [`unix:${path}`], args: ['--trusted-proxy', 'unix'] });
	assert.equal(await guestStatus({ socketPath: path }, v4('192.0.2.1')), 200);
	assert.equal(await guestStatus({ socketPath: path }, v4('192.0.2.1')), 429);
	assert.equal(await guestStatus({ socketPath: path }, Buffer.alloc(0)), null);
});

test('a server that leaves does not wait for headers', async (t) => {
	const server = await serve(t, { args: ['--limit-header-ms', '0'] });
	const raw = await RawSocket.connect(server);
	raw.write('PROXY');
	await server.stop();
	await raw.waitEnd();
});

test('TLS begins behind the header', async (t) => {
	const dir = temporaryDir();
	const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(dir, name));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert],
		{ stdio: 'ignore' });
	const server = await serve(t, { args: ['--tls-cert', cert, '--tls-key', key] });
	const statuses = [];
	for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) {
		const plain = await RawSocket.connect(server);
		plain.socket.removeAllListeners('data');
		plain.write(v4(address));
		const raw = new RawSocket(tls.connect({ socket: plain.socket, rejectUnauthorized: false }));
		raw.write(signIn());
		statuses.push((await raw.readResponse()).status);
		raw.destroy();
	}
	assert.deepEqual(statuses, [200, 429, 200]);
});

for (const version of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl']) {
	test(`behind HAProxy with ${version} clients are told apart and chat`, async (t) => {
		const server = await serve(t);
		const proxy = await haproxyFor(t, `server one 127.0.0.1:${server.port} ${version} check inter 200ms`);
		const statuses = [];
		for (const localAddress of ['127.0.0.2', '127.0.0.3', '127.0.0.2']) {
			statuses.push((await post({ url: proxy.url, localAddress }, 'session.start', { guest: fresh('Guest') })).status);
		}
		assert.deepEqual(statuses, [200, 200, 429]);
		const client = await clientFor(t, proxy.url.replace('http', 'ws') + '/ws', { guest: fresh('Guest') }, { wsOptions: { localAddress: '127.0.0.4' } });
		const room = (await client.request('room.create', { name: 'room' })).id;
		await client.request('message.send', { room, text: 'through the proxy' });
		await client.waitEvent('message.created');
		assert.equal(server.stderr.match(/proxy_header/g), null, server.stderr);
	});
}
