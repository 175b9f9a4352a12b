import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import test, { after, before } from 'node:test';
import { EC, RSA, makeCertificate as make } from './lib/certificate.mjs';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { command, get, post, sessionCookie } from './lib/http.mjs';
import { RawSocket } from './lib/raw.mjs';
import { runServer, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const dir = temporaryDir();
const cert = join(dir, 'cert.pem');
const key = join(dir, 'key.pem');

const makeCertificate = (name, certFile = cert, keyFile = key, how = {}) => make(name, certFile, keyFile, how);

// Each turns a good pair into one that cannot be served; `says` is what the operator reads.
const BAD_PAIRS = [
	{
		title: 'the certificate of another key',
		spoil: () => makeCertificate('another', cert, join(dir, 'unused.pem')),
		says: `the certificate and the private key do not belong together: ${cert}, ${key}`,
	},
	{
		title: 'the key of another certificate',
		spoil: () => makeCertificate('another', join(dir, 'unused.pem'), key),
		says: `the certificate and the private key do not belong together: ${cert}, ${key}`,
	},
	{ title: 'rubbish for a key', spoil: () => writeFileSync(key, 'rubbish\n'), says: `there is no PEM private key in ${key}` },
	{ title: 'rubbish for a certificate', spoil: () => writeFileSync(cert, 'rubbish\n'), says: `there is no PEM certificate in ${cert}` },
	{ title: 'a certificate cut off', spoil: () => truncateSync(cert, 200), says: `cannot use the certificate in ${cert}: ` }, // OpenSSL's words follow
	{
		title: 'a key with a passphrase',
		spoil: () => {
			execFileSync('openssl', ['pkey', '-in', key, '-aes256', '-passout', 'pass:secret', '-out', join(dir, 'locked.pem')]);
			renameSync(join(dir, 'locked.pem'), key);
		},
		says: `the private key in ${key} has a passphrase; it is needed without`,
	},
	{ title: 'an empty key', spoil: () => truncateSync(key), says: `there is no PEM private key in ${key}` },
	{ title: 'an empty certificate', spoil: () => truncateSync(cert), says: `there is no PEM certificate in ${cert}` },
	{ title: 'no key', spoil: () => rmSync(key), says: `cannot read ${key}: No such file or directory` },
	{ title: 'no certificate', spoil: () => rmSync(cert), says: `cannot read ${cert}: No such file or directory` },
	{
		title: 'a pipe for a key',
		spoil: () => {
			rmSync(key);
			execFileSync('mkfifo', [key]);
		},
		says: `cannot read ${key}: not a regular file`,
	},
];

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
	assert.match(line, new RegExp(`^__Host-parley_session_${server.port}=`));
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
	await until(30000, 'the new certificate', async () => (await handshake()).name === 'second', 50);
	await client.settle();
	const late = await clientFor(t, server, { guest: fresh('Late') });
	await late.settle();
});

// SIGHUP, and what the log says since.
async function reload() {
	const from = server.stderr.length;
	server.signal('SIGHUP');
	await until(30000, 'a word about it', () => /tls\.(reload_failed|read_again)/.test(server.stderr.slice(from)));
	return server.stderr.slice(from);
}

test('SIGHUP takes a key of another kind, and back', async () => {
	for (const [name, kind] of [['rsa', RSA], ['ec', EC]]) {
		makeCertificate(name, cert, key, { kind });
		assert.match(await reload(), /tls\.read_again/);
		assert.equal((await handshake()).name, name);
		assert.equal((await handshake({ maxVersion: 'TLSv1.2' })).name, name);
		assert.equal((await handshake({ ecdhCurve: 'P-384' })).name, name); // a key share that the server asks for again
		assert.equal((await handshake({ servername: 'chat.example' })).name, name);
	}
});

test('the certificates between the authority and ours are sent, after SIGHUP those of the new file', async () => {
	const file = (name) => join(dir, name);
	for (const round of ['one', 'two']) {
		makeCertificate('authority', file('ca.pem'), file('ca.key'));
		makeCertificate(`between ${round}`, file('between.pem'), file('between.key'), { authority: { cert: file('ca.pem'), key: file('ca.key') } });
		makeCertificate(round, file('leaf.pem'), key, { authority: { cert: file('between.pem'), key: file('between.key') } });
		writeFileSync(cert, readFileSync(file('leaf.pem'), 'utf8') + readFileSync(file('between.pem'), 'utf8'));
		assert.match(await reload(), /tls\.read_again/);
		const { name } = await handshake({ rejectUnauthorized: true, ca: readFileSync(file('ca.pem')) });
		assert.equal(name, round);
	}
});

for (const { title, spoil, says } of BAD_PAIRS) {
	test(`SIGHUP with ${title} keeps the pair that works and says why, and the next good pair is taken`, async (t) => {
		t.after(() => rmSync(key, { force: true })); // it may be a pipe
		rmSync(key, { force: true });
		makeCertificate('kept');
		assert.match(await reload(), /tls\.read_again/);
		spoil();
		const said = await reload();
		assert.match(said, /tls\.reload_failed/);
		assert.doesNotMatch(said, /tls\.read_again/);
		assert.ok(said.includes(says), said);
		assert.equal((await handshake()).name, 'kept');
		assert.equal((await handshake({ maxVersion: 'TLSv1.2' })).name, 'kept');
		rmSync(key, { force: true });
		makeCertificate('renewed');
		assert.match(await reload(), /tls\.read_again/);
		assert.equal((await handshake()).name, 'renewed');
		const client = await Client.start(server, { guest: fresh('After') });
		await client.close();
	});

	test(`it does not start with ${title}, and says why`, async (t) => {
		t.after(() => rmSync(key, { force: true }));
		rmSync(key, { force: true });
		makeCertificate('never');
		spoil();
		const ended = await runServer(['--listen', '127.0.0.1:0', '--data', temporaryDir(), '--tls-cert', cert, '--tls-key', key]);
		assert.equal(ended.code, 1, ended.stderr);
		assert.ok(ended.stderr.includes(`parleyd: ${says}`), ended.stderr);
		assert.doesNotMatch(ended.stdout, /listening/);
	});
}
