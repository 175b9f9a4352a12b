// TLS connections that say nothing for longer than any timer of the library (5 s after a handshake in 4.1.6, 15 s in 4.3.5), and one that the server
// leaves while it shakes hands.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import net from 'node:net';
import { Duplex } from 'node:stream';
import test from 'node:test';
import tls from 'node:tls';
import { makeCertificate } from './lib/certificate.mjs';
import { clientFor, fresh } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { serverFor, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const dir = temporaryDir();
const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
makeCertificate('localhost', cert, key);
const args = ['--tls-cert', cert, '--tls-key', key];
const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function connected(server) {
	const socket = tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
	await once(socket, 'secureConnect');
	return socket;
}

async function answerOf(socket) {
	socket.write(GET);
	const [bytes] = await once(socket, 'data');
	return bytes.toString();
}

test('a quiet WebSocket, stream, kept connection and slow body over TLS stay', { timeout: 120000 }, async (t) => {
	const server = await serverFor(t, { args: [...args, '--limit-body-ms', '60000'] });
	const client = await clientFor(t, server, { guest: fresh('Quiet') });
	const { id: room } = await client.request('room.create', { name: fresh('room'), kind: 'public' });
	const stream = await connected(server);
	let streamed = '';
	stream.on('data', (bytes) => { streamed += bytes; });
	stream.write(`GET /api/v1/events?room=${room} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${client.token}\r\n\r\n`);
	await until(10000, 'the stream to begin', () => streamed.includes('text/event-stream'));
	const kept = await connected(server);
	assert.match(await answerOf(kept), /200 OK/);
	const slow = await connected(server);
	slow.write(`POST /api/v1/room.list HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${client.token}\r\nContent-Length: 2\r\n\r\n{`);
	await sleep(17000); // time is the subject
	const said = once(slow, 'data');
	slow.write('}');
	assert.match((await said)[0].toString(), /200 OK/);
	assert.match(await answerOf(kept), /200 OK/);
	await client.request('message.send', { room, text: 'still here' });
	await until(10000, 'the event', () => streamed.includes('still here'));
	for (const socket of [kept, slow, stream]) {
		socket.destroy();
	}
});

// Passes the first write (the ClientHello) on, and the rest when it is released.
class Held extends Duplex {
	constructor(socket) {
		super();
		this.socket = socket;
		this.held = [];
		this.isHeld = false;
		socket.on('data', (bytes) => this.push(bytes));
		socket.on('close', () => this.push(null));
		socket.on('error', () => {});
	}

	_read() {}

	_write(bytes, encoding, done) {
		if (this.isHeld) {
			this.held.push(() => this.socket.write(bytes, done));
		} else {
			this.isHeld = true;
			this.socket.write(bytes, done);
		}
	}

	release() {
		this.isHeld = false;
		this.held.forEach((write) => write());
		this._write = (bytes, encoding, done) => this.socket.write(bytes, done);
	}
}

test('a server that leaves answers whom it was shaking hands with', { timeout: 60000 }, async (t) => {
	const server = await serverFor(t, { args: [...args, '--drain-ms', '5000'] });
	await command(server, 'session.start', { guest: fresh('Early') });
	const raw = net.connect(server.port, '127.0.0.1');
	await once(raw, 'connect');
	const held = new Held(raw);
	const flight = once(raw, 'data');
	const socket = tls.connect({ socket: held, rejectUnauthorized: false });
	socket.on('error', () => {});
	await flight; // the server has answered the hello
	server.signal('SIGTERM');
	await until(10000, 'the drain to begin', () => server.stderr.includes('drain.begin'));
	held.release();
	assert.match(await answerOf(socket), /200 OK/);
});
