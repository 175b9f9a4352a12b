// One number is counted in two places: a client that stays counts the same number that the server tells a client that comes back. For the rule of PROTOCOL.md and for
// the page's own store, which are fed by the same connections.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { Store } from '../../web/src/store.js';
import { Client, clientFor, finish, fresh } from './lib/client.mjs';
import { post } from './lib/http.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { UnreadRule } from './lib/unread.mjs';

const SEQUENCES = 6;
const STEPS = 40;

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

// A generator of numbers below n that gives the same ones for the same seed.
function numbers(seed) {
	let state = seed;
	return (n) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * n);
	};
}

// A connection that counts in two ways: as a bot by the rule, and as the page does for rooms that are not open.
class Counter {
	static async start(target, data) {
		const counter = new Counter();
		counter.rule = new UnreadRule();
		counter.page = new Store({ changed() {}, lost() {}, following: () => false, reading: () => false, live() {}, removed() {} });
		counter.client = await Client.connect(target, { onEvent: (event) => counter.event(event) });
		await counter.ask('session.start', data, (state) => {
			counter.rule.start(state);
			counter.page.start(state);
		});
		counter.token = counter.client.token ?? data.token;
		return counter;
	}

	event(event) {
		this.rule.event(event);
		this.page.apply(event);
	}

	// What an answer changes is changed before the next frame is read, as in the page.
	ask(type, data, taken) {
		return type === 'session.start' ? this.client.signIn(data, { taken }) : this.client.request(type, data, { taken });
	}

	mark(room, seq) {
		return this.ask('read.mark', { room, seq }, (mark) => {
			this.rule.marked(room, mark);
			if (this.page.rooms.has(room)) {
				this.page.marked(this.page.rooms.get(room), mark);
			}
		});
	}

	// The reply of room.join or room.get.
	take(object) {
		this.rule.put(object);
		this.page.put(object);
	}

	leave(room) {
		return this.ask('room.leave', { room }, () => {
			this.rule.rooms.delete(room);
			this.page.remove(room);
		});
	}

	pageOf(id) {
		const room = this.page.rooms.get(id);
		return room && { last_seq: room.countedSeq, read_seq: room.readSeq, unread: room.unread };
	}

	// Waits until what came by now and what the server says of the room are the same.
	async agrees(room, what) {
		const told = await this.client.request('room.get', { room });
		const { last_seq, read_seq, unread, member } = told.room;
		const same = (counted) => counted !== undefined && counted.last_seq === last_seq && counted.read_seq === read_seq && counted.unread === unread;
		const rule = () => this.rule.of(room), page = () => this.pageOf(room);
		const described = () => `${what}: the server says ${JSON.stringify({ last_seq, read_seq, unread })}, the rule ${JSON.stringify(rule())}, the page ${JSON.stringify(page())}`;
		await this.client.waitFor('the counts to agree', () => (member ? same(rule()) && same(page()) : !rule() && !page()), 10000)
			.catch((error) => assert.fail(`${described()} (${error.message})`));
	}
}

class World {
	constructor(seed) {
		this.pick = numbers(seed);
		this.did = [];
	}

	async setUp(target) {
		this.server = target;
		this.people = [];
		this.rooms = [];
		for (let i = 0; i < 3; i++) {
			const first = await Counter.start(target, { guest: fresh(`Person ${i}`) });
			const second = await Counter.start(target, { token: first.token });
			this.people.push({ name: i, token: first.token, on: [first, second], sent: [] });
		}
		for (let i = 0; i < 2; i++) {
			const owner = this.people[i].on[0];
			await owner.ask('room.create', { name: fresh('room') }, (object) => {
				owner.take(object);
				this.rooms.push(object.id);
			});
		}
	}

	// A random person does a random thing. Refusals of people who are not in the room are part of it.
	async step() {
		const person = this.people[this.pick(3)], counter = person.on[this.pick(2)], room = this.rooms[this.pick(2)];
		const seq = Math.max(0, (counter.rule.of(room)?.last_seq ?? 1) - this.pick(4));
		const steps = [
			['sends', () => this.send(person, counter, room, randomUUID())],
			['sends over HTTP', () => post(this.server, 'message.send', { room, text: 'posted' }, { token: person.token })],
			['sends again', () => person.sent.length && this.send(person, counter, ...person.sent[this.pick(person.sent.length)])],
			['sends three', () => Promise.allSettled([0, 1, 2].map((i) => this.send(person, person.on[i % 2], room, randomUUID())))],
			['marks', () => counter.mark(room, seq)],
			['joins', () => counter.ask('room.join', { room }, (object) => counter.take(object))],
			['leaves', () => counter.leave(room)],
			['sets a topic', () => counter.ask('room.update', { room, topic: `${this.pick(9)}` })],
			['comes back', () => this.reload(person, counter)],
		];
		const [what, run] = steps[[0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 7, 8][this.pick(13)]];
		this.did.push(`${person.name} ${what} in ${this.rooms.indexOf(room)}`);
		await Promise.resolve(run()).catch((error) => assert.ok(['forbidden', 'not_found'].includes(error.code), `${this.did.at(-1)}: ${error.stack}`));
	}

	send(person, counter, room, client_id) {
		person.sent.push([room, client_id]);
		return counter.ask('message.send', { room, text: 'said', client_id });
	}

	// One of the two connections is replaced; some name cursors, so that they are sent what they know already.
	async reload(person, counter) {
		const cursors = [...counter.rule.rooms].map(([id, { last_seq }]) => [id, Math.max(1, last_seq - this.pick(3))]);
		await counter.client.close();
		const resume = this.pick(2) ? Object.fromEntries(cursors) : undefined;
		person.on[person.on.indexOf(counter)] = await Counter.start(this.server, { token: person.token, resume });
	}

	async agree() {
		const what = this.did.join('; ');
		for (const { on } of this.people) {
			for (const room of this.rooms) {
				await Promise.all(on.map((counter) => counter.agrees(room, what)));
			}
		}
	}

	// What session.start says to a client that comes back.
	async startAgrees() {
		for (const { token, on } of this.people) {
			const anew = await Client.start(this.server, { token });
			for (const { id, last_seq, read_seq, unread } of anew.session.rooms) {
				for (const counter of on) {
					assert.deepEqual(counter.rule.of(id), { last_seq, read_seq, unread }, this.did.join('; '));
					assert.deepEqual(counter.pageOf(id), { last_seq, read_seq, unread }, this.did.join('; '));
				}
			}
			await anew.close();
		}
	}

	async tearDown() {
		for (const { on } of this.people) {
			await Promise.all(on.map(({ client }) => finish(client)));
		}
	}
}

for (let seed = 1; seed <= SEQUENCES; seed++) {
	test(`what clients count is what the server says, whatever they do (${seed})`, { timeout: 240000 }, async () => {
		const world = new World(seed);
		await world.setUp(server);
		for (let i = 0; i < STEPS; i++) {
			await world.step();
			if (i % 4 !== 3) { // now and then two steps meet
				await world.agree();
			}
		}
		await world.agree();
		await world.startAgrees();
		await world.tearDown();
	});
}

test('everybody sends and marks at once: the counts are the same in the end, and after a restart', { timeout: 240000 }, async (t) => {
	const first = await startServer();
	const world = new World(99);
	await world.setUp(first);
	const room = world.rooms[0];
	for (const { on } of world.people) {
		await on[0].ask('room.join', { room }, (object) => on[0].take(object));
	}
	await world.agree();
	const all = [];
	for (let i = 0; i < 300; i++) {
		const person = world.people[world.pick(3)], counter = person.on[world.pick(2)];
		all.push(world.pick(3) ? world.send(person, counter, room, randomUUID()) : counter.mark(room, counter.rule.of(room).last_seq));
		if (i % 20 === 19) {
			await Promise.all(all.splice(0));
		}
	}
	await world.agree();
	await world.startAgrees();
	const counted = world.people.map(({ token, on }) => [token, on[0].rule.of(room)]);
	await world.tearDown();
	await first.kill();
	const second = await serverFor(t, { dataDir: first.dataDir });
	for (const [token, { last_seq, read_seq, unread }] of counted) {
		const again = await clientFor(t, second, { token });
		const object = again.session.rooms.find(({ id }) => id === room);
		assert.deepEqual({ last_seq: object.last_seq, read_seq: object.read_seq, unread: object.unread }, { last_seq, read_seq, unread });
	}
});

test('what is left out by a room.gap of a connection that stays is counted after room.get', { timeout: 240000 }, async (t) => {
	const writer = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false });
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	const slow = await Counter.start(server, { guest: fresh('Slow'), on_gap: 'skip' });
	t.after(() => finish(slow.client));
	await slow.ask('room.join', { room }, (object) => slow.take(object));
	slow.client.pause();
	let last = 0;
	for (let i = 0; i < 40; i++) {
		const sent = await Promise.all(Array.from({ length: 100 }, () => writer.request('message.send', { room, text: 'z'.repeat(7000) }, { timeoutMs: 60000 })));
		last = Math.max(last, ...sent.map(({ seq }) => seq));
	}
	slow.client.resume();
	await slow.client.waitSeq(room, last, 60000);
	assert.deepEqual([...new Set(slow.rule.left)], [room], 'it was behind, and the server skipped, once or more often');
	await slow.ask('room.get', { room }, (answer) => slow.take(answer.room));
	assert.equal(slow.rule.of(room).unread, 4000);
	await slow.agrees(room, 'after a gap');
});
