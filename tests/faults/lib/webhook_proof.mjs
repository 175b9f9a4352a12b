// Outgoing webhooks through faults: an account with rooms sends messages until each was acknowledged, and a receiver that fails at random checks and records what is posted to its two
// endpoints, one for each order. The assertions go by these records.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { scaled, sleep } from '../../e2e/lib/env.mjs';
import { command } from '../../e2e/lib/http.mjs';
import { verify, verifyByOpenssl } from '../../e2e/lib/standard_webhook.mjs';
import { until } from '../../e2e/lib/wait.mjs';
import { receiver } from '../../e2e/lib/webhook_agent.mjs';

// WEBHOOK_FAULTS=1 takes the counts for a proof; without it few of each, so that tests/run stays short.
export const isFull = Number(process.env.WEBHOOK_FAULTS ?? 0) > 0;
export const TEST_MS = scaled(isFull ? 1800000 : 300000);
// With these an event is tried for seconds, and not set aside before ten attempts.
export const ARGS = ['--webhook-allow', '127.0.0.0/8', '--webhook-retry-ms', '2', '--webhook-attempts', '10'];

const WAIT_MS = 60000;
const ORDERS = ['any', 'per_room'];
const LANES = 8;
const AHEAD_MAX = 500; // messages that were sent and not taken: some are always behind, and some always come
const SECRET_EVERY = 20; // one of so many messages is also said where the webhooks' owner is not
const OPENSSL_EVERY = isFull ? 500 : 50;
const SLOW_MS = 300;
const HANGS_PART = 0.01;

// How a request fails, with the part of the requests that do.
const FAULTS = [['refused', 0.05], ['busy', 0.01], ['reset', 0.03], ['reset after it was taken', 0.02], ['slow', 0.02]];

function chooseFault() {
	let left = Math.random();
	return FAULTS.find(([, part]) => (left -= part) < 0)?.[0];
}

class Endpoint {
	constructor(order, nHangs) {
		this.order = order;
		this.nHangs = nHangs; // are still to come
		this.taken = new Map(); // event id → body
		this.firsts = new Map(); // room → seqs in the order in which each was taken first
		this.n = { requests: 0, repeated: 0, openssl: 0 };
		this.wrong = [];
		this.last = performance.now();
		this.longestMs = 0; // without a request
		this.checks = [];
	}

	take(event, body) {
		if (this.taken.has(event.id)) {
			this.n.repeated++;
			return;
		}
		this.taken.set(event.id, body);
		this.firsts.set(event.room, [...this.firsts.get(event.room) ?? [], event.seq]);
	}

	check(got) {
		const event = this.secret ? verify(this.secret, got) : JSON.parse(got.body); // the ping may be here before the answer that has the secret
		if (this.secret && this.n.requests % OPENSSL_EVERY === 0) {
			this.n.openssl++;
			this.checks.push(verifyByOpenssl(this.secret, got).catch((error) => this.wrong.push(error)));
		}
		assert.equal(got.body, this.taken.get(event.id) ?? got.body, 'an event that comes again is another one');
		return event;
	}

	answer(request, response, got) {
		const now = performance.now();
		this.longestMs = Math.max(this.longestMs, now - this.last);
		this.last = now;
		let event;
		try {
			event = this.check(got);
		} catch (error) {
			this.wrong.push(error);
			response.writeHead(400).end();
			return;
		}
		this.n.requests++;
		if (event.type === 'webhook.ping') {
			response.end();
			return;
		}
		this.fail(this.nHangs > 0 && Math.random() < HANGS_PART ? 'hangs' : chooseFault(), event, request, response, got);
	}

	fail(fault, event, request, response, { body }) {
		this.n[fault ?? 'fine'] = (this.n[fault ?? 'fine'] ?? 0) + 1;
		const takes = () => { this.take(event, body); response.writeHead(204).end(); };
		switch (fault) {
		case 'hangs': this.nHangs--; break;
		case 'refused': response.writeHead(500).end(); break;
		case 'busy': response.writeHead(502).end(); break;
		case 'reset': request.socket.resetAndDestroy(); break;
		case 'reset after it was taken': this.take(event, body); request.socket.resetAndDestroy(); break;
		case 'slow': setTimeout(takes, Math.random() * SLOW_MS); break;
		default: takes();
		}
	}
}

export class WebhookProof {
	// target() gives the server that may be asked now.
	static async begin(t, target, { nRooms, nEvents, nHangs }) {
		const p = new WebhookProof();
		Object.assign(p, { target, nEvents, nBegun: 0, sent: new Map() }); // sent: client_id → room
		const account = async (name) => (await command(target(), 'account.create', { name, password: 'correct horse' })).token;
		p.token = await account('Maker');
		p.stranger = await account('Stranger');
		p.rooms = [];
		for (let i = 0; i < nRooms; i++) {
			p.rooms.push((await p.ask('room.create', { name: `room ${i}`, kind: i % 2 ? 'private' : 'public' })).id);
		}
		p.secret = (await p.ask('room.create', { name: 'secret', kind: 'private' }, p.stranger)).id;
		p.endpoints = ORDERS.map((order) => new Endpoint(order, nHangs));
		const to = await receiver(t, (request, response, got) => {
			to.got.length = 0;
			p.endpoints[ORDERS.indexOf(request.url.slice(1))].answer(request, response, got);
		});
		for (const endpoint of p.endpoints) {
			const { order } = endpoint;
			endpoint.secret = (await p.ask('webhook.create', { name: order, order, url: to.url(`/${order}`), filter: { types: ['message.created'] } })).secret;
		}
		return p;
	}

	ask(type, data, token = this.token) {
		return command(this.target(), type, data, { token, timeoutMs: 10000 });
	}

	get nTaken() {
		return Math.min(...this.endpoints.map((endpoint) => endpoint.taken.size));
	}

	// The same message again and again until it is acknowledged.
	async send(room, text, token) {
		const data = { room, text, client_id: randomUUID() };
		const deadline = Date.now() + scaled(WAIT_MS);
		for (;;) {
			try {
				await this.ask('message.send', data, token);
				return data.client_id;
			} catch (error) {
				if (Date.now() > deadline || (error.answer && error.answer.status < 500)) {
					throw error;
				}
				await sleep(20);
			}
		}
	}

	startSending() {
		const lane = async () => {
			while (this.nBegun < this.nEvents) {
				if (this.sent.size - this.nTaken > AHEAD_MAX) {
					await sleep(5);
					continue;
				}
				const i = this.nBegun++;
				const room = this.rooms[i % this.rooms.length];
				this.sent.set(await this.send(room, `event ${i}`), room);
				if (i % SECRET_EVERY === 0) {
					await this.send(this.secret, `not for you ${i}`, this.stranger);
				}
			}
		};
		this.sending = Promise.all(Array.from({ length: LANES }, lane));
		this.sending.catch(() => {}); // who waits for the end is told
	}

	// A random moment: after a part of what is left, or soon.
	async moment(nMore) {
		if (Math.random() < 0.3) {
			await sleep(Math.random() * SLOW_MS);
			return;
		}
		const count = () => this.endpoints.reduce((sum, endpoint) => sum + endpoint.taken.size, 0);
		const wanted = Math.min(count() + 1 + Math.random() * nMore, 2 * this.nEvents);
		await until(WAIT_MS, `${wanted} events to be taken; there are ${count()}`, () => count() >= wanted);
	}

	// All came, each is right, and those of a room in order.
	async assertAll() {
		await this.sending;
		await until(3 * WAIT_MS, 'all to be taken', () => this.nTaken >= this.nEvents).catch((error) => assert.fail(`${error.message}\n${this.describe()}`));
		await until(WAIT_MS, 'the cursors to be at the end', async () =>
			(await this.ask('webhook.list', {})).webhooks.every((w) => w.behind + w.waiting === 0 && assert.equal(w.set_aside, 0) === undefined));
		assert.equal(this.sent.size, this.nEvents);
		for (const endpoint of this.endpoints) {
			await Promise.all(endpoint.checks);
			assert.deepEqual(endpoint.wrong, []);
			const events = [...endpoint.taken.values()].map((body) => JSON.parse(body));
			assert.ok(events.every((event) => event.room !== this.secret), 'a room came that the owner may not read');
			assert.deepEqual(new Map(events.map((event) => [event.data.client_id, event.room])).size, this.nEvents);
			assert.ok(events.every((event) => this.sent.get(event.data.client_id) === event.room));
		}
		for (const seqs of this.endpoints[ORDERS.indexOf('per_room')].firsts.values()) {
			assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b), 'a room is out of order');
		}
	}

	describe() {
		return this.endpoints.map(({ order, taken, n, longestMs }) => `${order}: ${taken.size} taken, ${JSON.stringify(n)}, at most ${Math.round(longestMs)} ms without a request`).join('; ');
	}
}
