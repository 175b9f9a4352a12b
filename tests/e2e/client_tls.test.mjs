// `parley` over https: everything that works over http works. A wrong certificate is refused with its reason.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { makeCertificate } from './lib/certificate.mjs';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { run, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const dir = temporaryDir();
const [cert, key, other, otherKey] = ['cert.pem', 'key.pem', 'other.pem', 'other-key.pem'].map((name) => join(dir, name));

let server;
before(async () => {
	makeCertificate('parley', cert, key, { alternatives: 'IP:127.0.0.1,DNS:chat.example' });
	makeCertificate('other', other, otherKey);
	server = await startServer({ args: ['--tls-cert', cert, '--tls-key', key] });
});
after(() => server.stop());

const parley = (words, { ca = cert, url = server.url, ...options } = {}) =>
	run(clientBinary, ['--server', url, ...(ca ? ['--ca-file', ca] : []), '--guest', fresh('Guest'), ...words], options);

async function publicRoom(t, target = server) {
	const owner = await clientFor(t, target, { guest: fresh('Owner') });
	const name = fresh('room');
	return { owner, name, id: (await owner.request('room.create', { name })).id };
}

test('send works over https with --ca-file, a long text too', async (t) => {
	const { owner, name } = await publicRoom(t);
	const text = 'long '.repeat(1500).trim();
	const sent = await parley(['send', name, '-'], { input: text });
	assert.equal(sent.code, 0, sent.stderr);
	assert.equal((await owner.waitEvent('message.created')).data.text, text);
});

test('the system\'s store is asked when there is no --ca-file', async (t) => {
	const { owner, name } = await publicRoom(t);
	const sent = await parley(['send', name, 'trusted'], { ca: null, env: { SSL_CERT_FILE: cert } });
	assert.equal(sent.code, 0, sent.stderr);
	assert.equal((await owner.waitEvent('message.created')).data.text, 'trusted');
});

test('tail prints a long log and goes on, over https, through a restart of the server', async (t) => {
	const args = ['--tls-cert', cert, '--tls-key', key];
	let server = await startServer({ args });
	t.after(() => server.stop());
	const { owner, name } = await publicRoom(t, server);
	for (let i = 0; i < 100; i++) {
		await owner.request('message.send', { room: name, text: `${i} `.padEnd(3000, 'x') });
	}
	const child = spawn(clientBinary, ['--server', server.url, '--ca-file', cert, '--guest', 'Tail', 'tail', name, '--after', '0', '--json']);
	t.after(() => child.kill());
	let out = '';
	child.stdout.setEncoding('utf8').on('data', (more) => {
		out += more;
	});
	const texts = () => out.split('\n').slice(0, -1).map((line) => JSON.parse(line)).filter((event) => event.type === 'message.created').map((event) => parseInt(event.data.text, 10));
	await until(30000, 'the log', () => texts().length >= 100);
	const { port, dataDir } = server;
	await server.stop();
	server = await startServer({ args, port, dataDir });
	const again = await clientFor(t, server, { token: owner.token });
	await again.request('message.send', { room: name, text: '100 after the restart' });
	await until(30000, 'the message after the restart', () => texts().length >= 101);
	assert.deepEqual(texts(), Array.from({ length: 101 }, (_, i) => i));
});

test('pipe works over https', async (t) => {
	const { name, id } = await publicRoom(t);
	const piped = await parley(['pipe'], { input: `{"type":"room.join","ref":1,"data":{"room":"${name}"}}\n` });
	assert.equal(piped.code, 0, piped.stderr);
	const reply = piped.stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)).find((message) => message.ref === 1);
	assert.deepEqual([reply?.type, reply?.data.id], ['ok', id]);
});

async function refused(options, says) {
	const done = await parley(['send', 'room', 'text'], options);
	assert.equal(done.code, 1, done.stdout);
	assert.match(done.stderr, says);
	assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
}

test('a certificate of an authority that is not trusted is refused', async () => {
	await refused({ ca: null }, /^parley: the certificate of 127\.0\.0\.1 is not trusted: self.signed certificate; name a private authority's certificate with --ca-file\n$/);
	await refused({ ca: other }, /^parley: the certificate of 127\.0\.0\.1 is not trusted: .*; it is none that --ca-file vouches for\n$/);
});

test('a trusted certificate for another name or address is refused', async (t) => {
	const localhost = server.url.replace('127.0.0.1', 'localhost');
	await refused({ url: localhost }, /^parley: the server's certificate is not for localhost: /);
	const [named, namedKey] = [join(dir, 'named.pem'), join(dir, 'named-key.pem')];
	makeCertificate('named', named, namedKey, { alternatives: 'DNS:localhost' });
	const byName = await startServer({ args: ['--tls-cert', named, '--tls-key', namedKey] });
	t.after(() => byName.stop());
	await refused({ url: byName.url, ca: named }, /^parley: the server's certificate is not for 127\.0\.0\.1: /);
	const { name } = await publicRoom(t, byName);
	const sent = await parley(['send', name, 'by name'], { url: byName.url.replace('127.0.0.1', 'localhost'), ca: named });
	assert.equal(sent.code, 0, sent.stderr);
});

test('a --ca-file that cannot be used is named', async () => {
	const rubbish = join(dir, 'rubbish.pem');
	writeFileSync(rubbish, 'rubbish\n');
	await refused({ ca: join(dir, 'absent.pem') }, /^parley: --ca-file .*absent\.pem: No such file or directory\n$/);
	await refused({ ca: rubbish }, /^parley: --ca-file .*rubbish\.pem: no usable PEM certificate in it: /);
});

test('a server that speaks no TLS, or nothing at all, is told of', async (t) => {
	const plain = await startServer();
	t.after(() => plain.stop());
	await refused({ url: plain.url.replace('http', 'https') }, /^parley: no TLS with 127\.0\.0\.1: .*; does it speak TLS there\?\n$/);
	const closing = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
	t.after(() => closing.close());
	await until(30000, 'the listener', () => closing.address());
	await refused({ url: `https://127.0.0.1:${closing.address().port}` }, /^parley: no TLS with 127\.0\.0\.1: /);
});

test('bench refuses https, and --ca-file is refused where there is none', async () => {
	const bench = await run(clientBinary, ['--server', server.url, 'bench']);
	assert.equal(bench.code, 2);
	assert.equal(bench.stderr, 'parley: bench speaks no TLS: measure the server over http:// or unix:\n');
	const plain = await parley(['send', 'room', 'text'], { url: 'http://127.0.0.1:1' });
	assert.equal(plain.code, 2);
	assert.match(plain.stderr, /--ca-file means nothing without https/);
});
