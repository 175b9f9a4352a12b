// Consumers: readers with a cursor that the server keeps. Several workers share one, and none of them can lose an event.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { scaled } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const LONG_MS = 20000; // for an answer that has to come much earlier

let server;
let person;
before(async () => {
	server = await startServer({ args: ['--limit-account-consumers', '3', '--limit-consumer-waiting', '20', '--limit-consumer-set-aside', '2'] });
	person = await command(server, 'account.create', { name: 'Maker', password: 'correct horse' });
});
after(() => server.stop());

// A bot with a consumer in a room of somebody else's.
async function place(t, { on = server, by = person, kind = 'public', consumer = {} } = {}) {
	const bot = await command(on, 'bot.create', { name: fresh('Bot') }, { token: by.token });
	const owner = await clientFor(t, on, { token: by.token });
	const room = await owner.request('room.create', { name: fresh('room'), kind });
	await owner.request('member.add', { room: room.id, user: bot.user.id });
	const p = {
		bot, owner, room: room.id,
		ask: (type, data = {}) => command(on, type, data, { token: bot.token }),
		refused: async (type, data, code) => assert.equal((await post(on, type, data, { token: bot.token })).json.data.code, code),
		say: async (text, to = room.id) => (await owner.request('message.send', { room: to, text })).seq,
	};
	p.name = fresh('consumer');
	p.made = (await p.ask('consumer.create', { name: p.name, filter: { types: ['message.created'] }, ...consumer })).consumer;
	p.read = async (data = {}) => (await p.ask('consumer.read', { consumer: p.name, ...data })).events;
	p.ack = (deliveries) => p.ask('consumer.ack', { consumer: p.name, deliveries: deliveries.map((d) => d.delivery) });
	p.shown = async () => (await p.ask('consumer.list')).consumers.find((c) => c.id === p.made.id);
	return p;
}

const texts = (deliveries) => deliveries.map((d) => d.event.data.text);

test('what is said is handed out once, byte for byte, and acknowledged', async (t) => {
	const p = await place(t);
	assert.deepEqual(await p.read(), []);
	await p.say('one');
	await p.say('two');
	const events = await p.read();
	assert.deepEqual(texts(events), ['one', 'two']);
	assert.deepEqual(events.map((d) => d.tries), [1, 1]);
	const { events: log } = await p.owner.request('history.read', { room: p.room, limit: 2 });
	assert.deepEqual(events.map((d) => d.event), log);
	assert.deepEqual(await p.read(), []);
	assert.equal((await p.shown()).waiting, 2);
	assert.deepEqual(await p.ack(events), { acknowledged: 2 });
	assert.deepEqual(await p.ack(events), { acknowledged: 0 });
	assert.deepEqual({ ...await p.shown(), created: 0 }, { ...p.made, created: 0, behind: 0 });
});

test('who waits is answered as soon as something is said, over HTTP and WebSocket', async (t) => {
	const p = await place(t);
	const client = await clientFor(t, server, { token: p.bot.token });
	for (const read of [() => p.ask('consumer.read', { consumer: p.name, wait_ms: 60000 }), () => client.request('consumer.read', { consumer: p.name, wait_ms: 60000 })]) {
		const answer = read();
		await client.request('room.list'); // the connection goes on meanwhile
		const began = Date.now();
		await p.say('now');
		const { events } = await answer;
		assert.deepEqual(texts(events), ['now']);
		assert.ok(Date.now() - began < scaled(LONG_MS));
		await p.ack(events);
	}
	assert.deepEqual(await p.read({ wait_ms: 50 }), []);
});

test('each event goes to one of several workers', async (t) => {
	const p = await place(t);
	const n = 120;
	const seen = [];
	const worker = async (name) => {
		while (seen.length < n) {
			const events = await p.read({ limit: 7, wait_ms: 500, worker: name });
			seen.push(...events);
			await p.ask('consumer.ack', { consumer: p.name, deliveries: [0x1fffff, ...events.map((d) => d.delivery)] });
		}
	};
	const workers = ['a', 'b', 'c', 'd'].map(worker);
	for (let i = 0; i < n; i++) {
		await p.say(`m${i}`);
	}
	await Promise.all(workers);
	assert.equal(seen.length, n);
	assert.equal(new Set(seen.map((d) => d.event.seq)).size, n);
	assert.equal((await p.shown()).waiting, 0);
});

test('what a lost worker had comes back to another, and is set aside after max_tries', async (t) => {
	const p = await place(t, { consumer: { ack_wait_ms: 100, max_tries: 2 } });
	await p.say('hard');
	const [first] = await p.read({ worker: 'lost' });
	const [second] = await p.read({ wait_ms: 30000, worker: 'other' });
	assert.equal(second.tries, 2);
	assert.notEqual(second.delivery, first.delivery);
	assert.deepEqual(await p.ack([first]), { acknowledged: 0 }); // it is the other one's
	await until(30000, 'the event to be set aside', async () => (await p.read({ wait_ms: 200 })).length === 0 && (await p.shown()).set_aside === 1);
	const { events, more } = await p.ask('consumer.set_aside', { consumer: p.name });
	assert.equal(more, false);
	assert.deepEqual(events.map((d) => [d.event.data.text, d.tries, d.worker]), [['hard', 2, 'other']]);
	assert.deepEqual(await p.ask('consumer.replay', { consumer: p.name, deliveries: [] }), { replayed: 0 }); // none, not all
	assert.deepEqual(await p.ask('consumer.replay', { consumer: p.name, deliveries: [events[0].delivery] }), { replayed: 1 });
	const again = await p.read({ wait_ms: 30000 });
	assert.deepEqual(again.map((d) => [d.event.data.text, d.tries]), [['hard', 1]]);
	assert.deepEqual(await p.ack(again), { acknowledged: 1 });
	assert.deepEqual(await p.ask('consumer.replay', { consumer: p.name }), { replayed: 0 });
});

test('more than consumer_set_aside events are not set aside: they come back', async (t) => {
	const p = await place(t, { consumer: { ack_wait_ms: 100, max_tries: 1 } });
	for (let i = 0; i < 3; i++) {
		await p.say(`m${i}`);
	}
	await p.read();
	const back = await until(30000, 'one to come back', async () => {
		const events = await p.read({ wait_ms: 1000 });
		return events.length > 0 && events;
	});
	assert.equal(back.length, 1);
	assert.equal(back[0].tries, 2);
	assert.equal((await p.shown()).set_aside, 2);
});

test('no more than consumer_waiting events are out at once', async (t) => {
	const p = await place(t);
	for (let i = 0; i < 30; i++) {
		await p.say(`m${i}`);
	}
	const { events, more } = await p.ask('consumer.read', { consumer: p.name });
	assert.equal(events.length, 20);
	assert.equal(more, false); // who reads on while there is more does not ask again and again
	assert.deepEqual(await p.ask('consumer.read', { consumer: p.name }), { events: [], more: false });
	const waiting = p.read({ wait_ms: 60000 });
	await p.ack(events.slice(0, 5));
	const next = await waiting;
	assert.deepEqual(texts(next), ['m20', 'm21', 'm22', 'm23', 'm24']);
	assert.equal((await p.shown()).behind, 5);
	const seq = next[4].event.seq;
	assert.deepEqual(await p.ask('consumer.ack', { consumer: p.name, cursors: { [p.room]: seq } }), { acknowledged: 20 });
});

test('a private room is read while its owner may, and not afterwards', async (t) => {
	const p = await place(t, { kind: 'private' });
	await p.say('inside');
	assert.deepEqual(texts(await p.read()), ['inside']);
	await p.say('unread');
	await p.ask('room.leave', { room: p.room });
	assert.deepEqual(await p.read(), []);
	await p.ask('consumer.seek', { consumer: p.name, to: 'start' });
	assert.deepEqual(await p.read(), []);
	await p.refused('consumer.seek', { consumer: p.name, room: p.room, seq: 1 }, 'not_found');
	await p.owner.request('member.add', { room: p.room, user: p.bot.user.id });
	await p.say('again');
	assert.deepEqual(texts(await p.read()), ['again']); // it begins where its owner came in
});

test('seeking goes to a seq, to a time and to the ends', async (t) => {
	const p = await place(t);
	const first = await p.say('one');
	await p.say('two');
	const { timestamp } = (await p.read())[1].event;
	await p.ask('consumer.seek', { consumer: p.name, room: p.room, seq: first });
	assert.deepEqual(texts(await p.read()), ['two']);
	await p.ask('consumer.seek', { consumer: p.name, to: 'start' });
	assert.deepEqual(texts(await p.read()), ['one', 'two']);
	await p.ask('consumer.seek', { consumer: p.name, since_ms: Date.parse(timestamp) + 1 });
	assert.deepEqual(await p.read(), []);
	await p.ask('consumer.seek', { consumer: p.name, to: 'end' });
	assert.equal((await p.shown()).waiting, 0);
	await p.say('three');
	assert.deepEqual(texts(await p.read()), ['three']);
	await p.refused('consumer.seek', { consumer: p.name, seq: 1 }, 'invalid_request');
});

test('a filter takes types, rooms and kinds of authors', async (t) => {
	const p = await place(t, { consumer: { filter: { types: ['message.*'], authors: ['bot'] } } });
	await p.say('by a person');
	await p.ask('message.send', { room: p.room, text: 'by a bot' });
	await p.owner.request('room.update', { room: p.room, topic: 'new' });
	assert.deepEqual(texts(await p.read()), ['by a bot']);
	const other = await p.owner.request('room.create', { name: fresh('room') });
	await p.owner.request('member.add', { room: other.id, user: p.bot.user.id });
	await p.ask('consumer.create', { name: 'only', from: 'start', filter: { rooms: [other.id], authors: ['person'] } });
	const events = (await p.ask('consumer.read', { consumer: 'only' })).events.map((d) => d.event);
	assert.ok(events.length > 0);
	assert.ok(events.every((e) => e.room === other.id));
	for (const filter of [[], { types: 'message.created' }, { types: ['message.creatd'] }, { types: [] }, { authors: ['robot'] }, { rooms: ['general'] }, { sort: [] }]) {
		await p.refused('consumer.create', { name: 'none', filter }, 'invalid_request');
	}
});

test('what a filter is refused with is text that every client can read', async (t) => {
	const p = await place(t);
	const client = await clientFor(t, server, { token: p.bot.token });
	const letters = `a${'é'.repeat(30)}\u202e`; // a cut behind any number of bytes is within a letter somewhere
	for (const filter of [{ types: [letters] }, { types: [`a${letters}`] }, { [letters]: ['x'] }, { [`a${letters}`]: ['x'] }]) {
		const error = await client.request('consumer.create', { name: 'none', filter }).then(() => null, (refusal) => refusal);
		assert.equal(error.code, 'invalid_request');
		assert.match(error.wireMessage, /^[ -~]+$/);
	}
});

test('an update changes name, filter, waiting and tries, and leaves the cursors', async (t) => {
	const p = await place(t);
	await p.say('one');
	assert.deepEqual(texts(await p.read()), ['one']);
	const waiting = p.ask('consumer.read', { consumer: p.name, wait_ms: 60000 });
	const filter = { types: ['room.*'] };
	await p.ask('consumer.update', { consumer: p.name, filter, max_tries: 1, ack_wait_ms: 100 });
	await p.owner.request('room.update', { room: p.room, topic: 'tea' });
	assert.deepEqual((await waiting).events.map((d) => d.event.type), ['room.updated']);
	await p.say('two');
	const name = fresh('renamed');
	await p.ask('consumer.update', { consumer: p.made.id, name });
	await p.refused('consumer.read', { consumer: p.name }, 'not_found');
	p.name = name;
	assert.deepEqual({ ...await p.shown(), waiting: 0, behind: 0, set_aside: 0 }, { ...p.made, name, filter, max_tries: 1, ack_wait_ms: 100 });
	await until(30000, 'the event to be set aside', async () => (await p.read({ wait_ms: 200 })).length === 0 && (await p.shown()).set_aside === 1);
	await p.ask('consumer.create', { name: 'taken' });
	await p.refused('consumer.update', { consumer: name, name: 'taken' }, 'name_taken');
	await p.refused('consumer.update', { consumer: name, name: p.made.id }, 'invalid_request');
	await p.refused('consumer.update', { consumer: name, filter: { types: ['nothing'] } }, 'invalid_request');
	await p.refused('consumer.update', { consumer: name }, 'invalid_request');
	await p.refused('consumer.update', { consumer: 'absent', max_tries: 3 }, 'not_found');
	await p.ask('consumer.update', { consumer: name, name });
});

test('consumers are their owner\'s, few, and guests have none', async (t) => {
	const p = await place(t);
	const other = await place(t);
	await other.refused('consumer.read', { consumer: p.made.id }, 'not_found');
	await other.refused('consumer.delete', { consumer: p.name }, 'not_found');
	await p.refused('consumer.create', { name: p.name }, 'name_taken');
	await p.refused('consumer.create', { name: p.made.id }, 'invalid_request');
	await p.ask('consumer.create', { name: 'second' });
	await p.ask('consumer.create', { name: 'third' });
	await p.refused('consumer.create', { name: 'fourth' }, 'limit_reached');
	const waiting = post(server, 'consumer.read', { consumer: 'second', wait_ms: 60000 }, { token: p.bot.token });
	await p.ask('consumer.delete', { consumer: 'third' });
	assert.deepEqual((await p.ask('consumer.list')).consumers.map((c) => c.name), [p.name, 'second']);
	const guest = await clientFor(t, server, { guest: fresh('Guest') });
	await guest.refused('consumer.create', { name: 'mine' }, 'forbidden');
	await until(30000, 'the one who waits to be told', async () => { // deleting before it waits is told as well
		await post(server, 'consumer.delete', { consumer: 'second' }, { token: p.bot.token });
		return true;
	});
	assert.equal((await waiting).json.data.code, 'not_found');
});

test('what goes through all rooms of an account counts by its rooms', async (t) => {
	const own = await startServer({ args: ['--limit-account-requests', '20'] }); // with a burst of ten seconds: 200 requests
	t.after(() => own.stop());
	const by = await clientFor(t, own, { guest: 'Maker' });
	const rooms = [];
	for (let i = 0; i < 60; i++) {
		rooms.push((await by.request('room.create', { name: fresh('room') })).id);
	}
	const host = await command(own, 'account.create', { name: 'Host', password: 'correct horse' });
	const client = await clientFor(t, own, { token: host.token });
	for (const room of rooms) {
		await client.request('room.join', { room });
	}
	await client.request('consumer.create', { name: 'c' });
	const seeks = (data) => Promise.all(Array.from({ length: 40 }, () => client.request('consumer.seek', { consumer: 'c', ...data }).then(() => 'ok', (error) => error.code)));
	assert.deepEqual(new Set(await seeks({ room: rooms[0], to: 'start' })), new Set(['ok']));
	assert.deepEqual(new Set(await seeks({ to: 'start' })), new Set(['ok', 'rate_limited']));
});

test('a token that ends while its bearer waits is handed nothing', async (t) => {
	const p = await place(t);
	const other = await clientFor(t, server, { token: p.bot.token });
	const waiting = post(server, 'consumer.read', { consumer: p.name, wait_ms: 60000 }, { token: p.bot.token });
	await other.request('account.logout', {});
	await p.say('secret');
	const answer = await waiting;
	assert.equal(answer.json.data.code, 'invalid_token');
});

test('a server that ends answers those who wait', async (t) => {
	const own = await startServer();
	const by = await command(own, 'account.create', { name: 'Maker', password: 'correct horse' });
	const p = await place(t, { on: own, by });
	const client = await Client.start(own, { token: p.bot.token });
	const waiting = client.request('consumer.read', { consumer: p.name, wait_ms: 60000 });
	await client.request('room.list'); // what came before it has come as well
	await own.stop();
	assert.deepEqual(await waiting, { events: [], more: false });
});

test('kill -9 of the server loses no event, and none that was acknowledged comes again', async (t) => {
	const dataDir = temporaryDir();
	let own = await startServer({ dataDir });
	const by = await command(own, 'account.create', { name: 'Maker', password: 'correct horse' });
	const bot = await command(own, 'bot.create', { name: 'Bot' }, { token: by.token });
	const ask = (type, data, token = bot.token) => command(own, type, data, { token });
	const room = await ask('room.create', { name: 'room' });
	await ask('consumer.create', { name: 'c', ack_wait_ms: 1000, filter: { types: ['message.created'] } });
	const sent = new Set();
	const came = new Set();
	const acknowledged = new Set(); // whose acknowledgement was answered
	for (let round = 0; round < 5; round++) {
		let killed = false;
		const send = async () => {
			for (let i = 0; !killed; i++) {
				await ask('message.send', { room: room.id, text: `${round}.${i}` }).then(() => sent.add(`${round}.${i}`), () => {});
			}
		};
		const work = async () => {
			while (!killed) {
				const { events } = await ask('consumer.read', { consumer: 'c', limit: 3, wait_ms: 100 }).catch(() => ({ events: [] }));
				for (const text of texts(events)) {
					assert.ok(!acknowledged.has(text), `${text} was acknowledged`);
					came.add(text);
				}
				const { acknowledged: n } = await ask('consumer.ack', { consumer: 'c', deliveries: events.map((d) => d.delivery) }).catch(() => ({}));
				if (n === events.length) {
					texts(events).forEach((text) => acknowledged.add(text));
				}
			}
		};
		const all = [send(), work(), work()];
		const before = acknowledged.size;
		await until(30000, 'some events to be acknowledged', () => acknowledged.size > before + 10);
		await own.kill();
		killed = true;
		await Promise.all(all);
		own = await startServer({ dataDir });
	}
	t.after(() => own.stop());
	await until(60000, 'every event to come', async () => {
		const { events } = await ask('consumer.read', { consumer: 'c', wait_ms: 1000 });
		texts(events).forEach((text) => came.add(text));
		await ask('consumer.ack', { consumer: 'c', deliveries: events.map((d) => d.delivery) });
		return [...sent].every((text) => came.has(text));
	});
});
