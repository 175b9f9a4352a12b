// A client with promises over the `ws` package: requests, events, and a check that every room's seqs come without hole or double.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { within } from './wait.mjs';

export class WireError extends Error {
	constructor(type, data) {
		super(`${type}: ${data.code}: ${data.message}`);
		this.code = data.code;
		this.wireMessage = data.message;
		this.field = data.field;
		this.retryable = data.retryable;
		this.retryAfterMs = data.retry_after_ms;
		this.data = data;
	}
}

// target: a Server, or {wsUrl}, or a URL.
const addressOf = (target) => (typeof target === 'string' ? target : target.wsUrl);

export class Client {
	constructor(target, { headers, protocols = [], wsOptions = {}, keep = true, onEvent } = {}) {
		this.onEvent = onEvent; // called with each event and its bytes
		this.frames = []; // every frame as text
		this.messages = []; // and parsed
		this.events = []; // those that are events
		this.pending = new Map();
		this.listeners = new Set();
		this.nextRef = 1;
		this.last = new Map(); // room -> last seq seen
		this.faults = []; // what the seq check found
		this.keep = keep; // false: events are counted and checked, not kept
		this.nEvents = 0;
		this.pings = 0;
		this.gaps = 0;
		this.socket = new WebSocket(addressOf(target), protocols, { headers, perMessageDeflate: false, rejectUnauthorized: false, ...wsOptions });
		this.socket.on('message', (bytes) => this.receive(bytes.toString('utf8')));
		this.socket.on('ping', () => {
			this.pings++;
			this.wake();
		});
		this.opened = new Promise((resolve, reject) => {
			this.socket.on('open', resolve);
			this.socket.on('error', reject);
		});
		this.opened.catch(() => {});
		this.closed = new Promise((resolve) => {
			this.socket.on('close', (code, reason) => {
				this.close_ = { code, reason: reason.toString('utf8') };
				for (const { reject, type } of this.pending.values()) {
					reject(new Error(`the connection closed (${code}) before ${type} was answered`));
				}
				this.pending.clear();
				this.wake();
				resolve(this.close_);
			});
		});
	}

	// Connects and reads hello; does not sign in.
	static async connect(target, options = {}) {
		const client = new Client(target, options);
		await within(30000, 'the WebSocket to open', client.opened);
		client.hello = (await client.waitMessage((message) => message.type === 'hello')).data;
		return client;
	}

	// Connects and signs in with {guest} or {token} or the cookie of the upgrade.
	static async start(target, data, options = {}) {
		const client = await Client.connect(target, options);
		try {
			await client.signIn(data);
		} catch (error) {
			client.terminate();
			throw error;
		}
		return client;
	}

	async signIn(data, options) {
		for (const [room, seq] of Object.entries(data.resume ?? {})) {
			this.last.set(room, seq);
		}
		this.session = await this.request('session.start', data, options);
		this.user = this.session.user;
		this.token = this.session.token ?? data.token;
		return this.session;
	}

	receive(text) {
		const message = JSON.parse(text);
		if (this.keep) {
			this.frames.push(text);
			this.messages.push(message);
		}
		if (message.type === 'ok' || message.type === 'error') {
			this.answer(message, text);
		} else if (message.type === 'hello') {
			this.messages = [message];
		} else {
			this.event(message, text);
		}
		this.wake();
	}

	answer(message, text) {
		const waiting = this.pending.get(message.ref);
		if (!waiting) {
			return;
		}
		this.pending.delete(message.ref);
		if (message.type === 'ok') {
			this.snapshot(waiting.type, message.data);
			waiting.taken?.(message.data);
			waiting.resolve(waiting.whole ? { message, text } : message.data);
		} else {
			waiting.reject(new WireError(waiting.type, message.data));
		}
	}

	// A reply that shows a room tells from where its events go on.
	snapshot(type, data) {
		const rooms = type === 'session.start' ? data.rooms : type === 'room.create' || type === 'room.join' ? [data] : [];
		for (const room of rooms) {
			if (!this.last.has(room.id)) {
				this.last.set(room.id, room.last_seq);
			}
		}
	}

	event(message, text) {
		this.nEvents++;
		this.onEvent?.(message, text);
		if (this.keep) {
			Object.defineProperty(message, 'raw', { value: text });
			this.events.push(message);
		}
		if (message.type === 'room.gap') {
			this.gaps++;
			this.last.set(message.room, message.data.to);
		} else if (message.type === 'room.added') {
			this.last.set(message.room, message.data.last_seq);
		} else if (message.type === 'room.removed') {
			this.last.delete(message.room);
		}
		if (message.seq === undefined) {
			return;
		}
		const last = this.last.get(message.room);
		if (last !== undefined && message.seq !== last + 1) {
			this.faults.push(`room ${message.room}: seq ${message.seq} (${message.type}) right after ${last}`);
		}
		this.last.set(message.room, message.seq);
	}

	wake() {
		for (const listener of this.listeners) {
			listener();
		}
	}

	send(value) {
		this.socket.send(typeof value === 'string' ? value : JSON.stringify(value));
	}

	// Sends a request; gives the reply's data or throws a WireError. whole: gives {message, text} of the reply instead. taken: is called with the
	// data before the next frame is read.
	request(type, data = {}, { timeoutMs = 30000, whole = false, taken } = {}) {
		const ref = String(this.nextRef++);
		const answered = new Promise((resolve, reject) => {
			if (this.close_) {
				reject(new Error(`the connection is closed (${this.close_.code})`));
				return;
			}
			this.pending.set(ref, { resolve, reject, type, whole, taken });
			this.send({ type, ref, data });
		});
		return within(timeoutMs, `the answer to ${type}`, answered);
	}

	// The same for a request that must be refused: gives the WireError.
	async refused(type, data, code) {
		const error = await this.request(type, data).then(
			(ok) => assert.fail(`${type} ${JSON.stringify(data)?.slice(0, 200)} was not refused: ${JSON.stringify(ok).slice(0, 300)}`),
			(e) => e,
		);
		assert.ok(error instanceof WireError, `${type}: ${error.stack}`);
		if (code) {
			assert.equal(error.code, code, error.message);
		}
		return error;
	}

	// Waits until check() gives something true, looked at again after each frame.
	waitFor(what, check, timeoutMs = 30000) {
		const found = new Promise((resolve, reject) => {
			const look = () => {
				let value;
				try {
					value = check(this);
				} catch (e) {
					reject(e);
					return;
				}
				if (value) {
					this.listeners.delete(look);
					resolve(value);
				} else if (this.close_) {
					this.listeners.delete(look);
					reject(new Error(`the connection closed (${this.close_.code}) while waiting for ${what}`));
				}
			};
			this.listeners.add(look);
			look();
		});
		return within(timeoutMs, what, found);
	}

	waitMessage(check, timeoutMs) {
		return this.waitFor(`a message ${check}`, () => this.messages.find(check), timeoutMs);
	}

	waitEvent(check, timeoutMs) {
		const test = typeof check === 'string' ? (event) => event.type === check : check;
		return this.waitFor(`an event ${check}`, () => this.events.find(test), timeoutMs);
	}

	waitSeq(room, seq, timeoutMs) {
		return this.waitFor(`seq ${seq} of ${room} (at ${this.last.get(room)})`, () => (this.last.get(room) ?? 0) >= seq, timeoutMs);
	}

	// One answered request after another: what was sent before is handled, what the server had for us is here.
	async settle() {
		await this.request('room.list', { limit: 1 });
	}

	texts(room) {
		return this.events.filter((event) => event.type === 'message.created' && (!room || event.room === room)).map((event) => event.data.text);
	}

	waitClose(timeoutMs = 30000) {
		return within(timeoutMs, 'the connection to close', this.closed);
	}

	assertOrdered() {
		assert.deepEqual(this.faults, []);
	}

	// Closes and gives what the seq check found as a failure.
	async close() {
		this.socket.close(1000);
		await within(30000, 'the close handshake', this.closed);
		this.assertOrdered();
	}

	// Ends it the way a pulled cable does.
	terminate() {
		this.socket.terminate();
	}

	// Stops reading from the socket: the kernel's buffers fill.
	pause() {
		this.socket.pause();
	}

	resume() {
		this.socket.resume();
	}
}

// A public room and its owner, and more guests that are members of it.
export async function roomOf(target, name, nMembers = 1, { kind = 'public', prefix = 'member' } = {}) {
	const clients = [];
	for (let i = 0; i < nMembers; i++) {
		clients.push(await Client.start(target, { guest: `${prefix} ${i} of ${name}` }));
	}
	const room = await clients[0].request('room.create', { name, kind });
	for (const client of clients.slice(1)) {
		await client.request('room.join', { room: room.id });
	}
	await Promise.all(clients.map((client) => client.waitSeq(room.id, room.last_seq + nMembers - 1)));
	return { room, clients };
}

export const closeAll = (clients) => Promise.all(clients.map((client) => client.close()));

// A signed-in client for one test: it is closed, and its seqs are checked, when the test ends.
export async function clientFor(t, target, data, options) {
	const client = await Client.start(target, data, options);
	t.after(() => finish(client));
	return client;
}

export async function finish(client) {
	if (client.close_) {
		client.assertOrdered();
	} else {
		await client.close();
	}
}

let nextName = 1;
// A name that no other test of this process uses.
export const fresh = (prefix) => `${prefix} ${process.pid} ${nextName++}`;
