import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { command, get, post, sessionCookie } from './lib/http.mjs';
import { RawSocket } from './lib/raw.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const dir = temporaryDir();
const cert = join(dir, 'cert.pem');
const key = join(dir, 'key.pem');

function makeCertificate(name) {
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
}

let server;
before(async () => {
	makeCertificate('first');
	server = await startServer({ args: ['--tls-cert', cert, '--tls-key', key] });
});
after(() => server.stop());

// What a TLS handshake shows.
function handshake(options = {}) {
	return new Promise((resolve, reject) => {
		const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...options }, () => {
			resolve({ name: socket.getPeerCertificate().subject.CN, protocol: socket.getProtocol(), alpn: socket.alpnProtocol });
			socket.destroy();
		});
		socket.on('error', reject);
	});
}

test('it says https, and serves page, commands and WebSockets over TLS', async (t) => {
	assert.match(server.url, /^https:/);
	const page = await get(server, '/');
	assert.equal(page.status, 200);
	assert.match(page.headers['strict-transport-security'], /max-age=\d+/);
	const client = await clientFor(t, server, { guest: fresh('Encrypted') });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	await command(server, 'message.send', { room, text: 'x'.repeat(8000) }, { token: client.token });
	assert.equal((await client.waitEvent('message.created')).data.text.length, 8000);
});

test('the cookie is __Host- and Secure', async () => {
	const answer = await post(server, 'session.start', { guest: fresh('Cookie') }, { origin: server.url });
	assert.equal(answer.status, 200, answer.text);
	const line = answer.headers['set-cookie'][0];
	assert.match(line, /^__Host-parley_session=/);
	assert.match(line, /; *Secure/i);
	assert.match(line, /; *HttpOnly/i);
	assert.equal((await post(server, 'room.list', {}, { cookie: sessionCookie(answer) })).status, 200);
});

test('TLS 1.2 and 1.3 are spoken, older ones are not; ALPN is http/1.1 only', async () => {
	assert.match((await handshake()).protocol, /^TLSv1\.3$/);
	assert.match((await handshake({ maxVersion: 'TLSv1.2' })).protocol, /^TLSv1\.2$/);
	await assert.rejects(handshake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }));
	const { alpn } = await handshake({ ALPNProtocols: ['h2', 'http/1.1'] });
	assert.equal(alpn, 'http/1.1');
});

test('plain HTTP to the TLS port is not answered with anything of the server', async () => {
	const raw = await RawSocket.connect(server);
	raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
	await raw.waitEnd();
	assert.doesNotMatch(raw.bytes.toString('latin1'), /<html|200 OK/i);
});

test('a large backlog arrives whole over TLS', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Big') });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	await Promise.all(Array.from({ length: 1000 }, () => client.request('message.send', { room, text: 'y'.repeat(2000) })));
	const back = await clientFor(t, server, { token: client.token, resume: { [room]: 0 } });
	await back.waitSeq(room, 1002, 20000);
});

test('SIGHUP takes a new certificate for new connections and leaves the old ones', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Staying') });
	assert.equal((await handshake()).name, 'first');
	makeCertificate('second');
	server.signal('SIGHUP');
	await until(10000, 'the new certificate', async () => (await handshake()).name === 'second', 50);
	await client.settle();
	const late = await clientFor(t, server, { guest: fresh('Late') });
	await late.settle();
});

test('SIGHUP with a broken certificate keeps the one that works', async () => {
	const { name } = await handshake();
	writeFileSync(cert, 'rubbish');
	server.signal('SIGHUP');
	await until(10000, 'a word about it', () => /cert|tls/i.test(server.stderr));
	assert.equal((await handshake()).name, name);
	rmSync(cert);
	server.signal('SIGHUP');
	await until(10000, 'the missing file to be named', () => server.stderr.includes(`cannot read ${cert}`));
	assert.equal((await handshake()).name, name);
	const client = await Client.start(server, { guest: fresh('After') });
	await client.close();
});
