// Event streams of consumers: what is handed out is pushed, and acknowledged by a command or, by a worker that comes back, with the last event that it had.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { EventStream, command, get } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server;
let person;
before(async () => {
	server = await startServer({ args: ['--limit-consumer-waiting', '5000'] });
	person = await command(server, 'account.create', { name: 'Maker', password: 'correct horse' });
});
after(() => server.stop());

// A bot with a consumer of messages in a room of somebody else's.
async function place(t, { on = server, by = person, consumer = {} } = {}) {
	const bot = await command(on, 'bot.create', { name: fresh('Bot') }, { token: by.token });
	const owner = await clientFor(t, on, { token: by.token });
	const room = await owner.request('room.create', { name: fresh('room') });
	await owner.request('member.add', { room: room.id, user: bot.user.id });
	const ask = (type, data = {}) => command(on, type, data, { token: bot.token });
	await ask('consumer.create', { name: 'c', filter: { types: ['message.created'] }, ...consumer });
	return {
		bot, owner, room: room.id, ask,
		say: async (text) => (await owner.request('message.send', { room: room.id, text })).seq,
		open: async (query = 'consumer=c', options = {}) => {
			const stream = await EventStream.open(on, query, { token: bot.token, ...options });
			t.after(() => stream.close());
			return stream;
		},
		ack: (events) => ask('consumer.ack', { consumer: 'c', deliveries: events.map((e) => e.data.delivery) }),
		shown: async () => (await ask('consumer.list')).consumers.find((c) => c.name === 'c'),
	};
}

const texts = (events) => events.map((e) => e.data.event.data.text);

test('what is said is pushed as deliveries, which the worker acknowledges', async (t) => {
	const p = await place(t);
	await p.say('before');
	const stream = await p.open();
	assert.equal(stream.status, 200);
	assert.match(stream.headers['content-type'], /^text\/event-stream/);
	await stream.waitEvents(1);
	const seq = await p.say('after');
	await stream.waitEvents(2);
	assert.ok(stream.text.startsWith(': ok\n\n'), stream.text);
	assert.deepEqual(texts(stream.events), ['before', 'after']);
	assert.deepEqual(stream.events.map((e) => [e.event, e.id]), stream.events.map((e) => ['delivery', String(e.data.delivery)]));
	const { events: [logged] } = await p.owner.request('history.read', { room: p.room, after: seq - 1, limit: 1 });
	assert.deepEqual(stream.events[1].data, { delivery: stream.events[1].data.delivery, tries: 1, event: logged });
	assert.deepEqual(await p.ack(stream.events), { acknowledged: 2 });
	assert.equal((await p.shown()).waiting, 0);
});

test('what is not acknowledged comes again through the stream', async (t) => {
	const p = await place(t, { consumer: { ack_wait_ms: 100, max_tries: 3 } });
	const stream = await p.open();
	await p.say('hard');
	await stream.waitEvents(3);
	assert.deepEqual(stream.events.map((e) => e.data.tries), [1, 2, 3]);
	await until(30000, 'the event to be set aside', async () => (await p.shown()).set_aside === 1);
});

test('each event goes to one of several streams', async (t) => {
	const p = await place(t);
	const streams = await Promise.all([p.open(), p.open(), p.open()]);
	const n = 60;
	for (let i = 0; i < n; i++) {
		await p.say(`m${i}`);
	}
	const all = () => streams.flatMap((stream) => texts(stream.events));
	await until(30000, 'all events', () => all().length >= n);
	assert.deepEqual(new Set(all()).size, n);
	assert.equal(all().length, n);
});

test('a worker that comes back acknowledges what it had, and not what others have', async (t) => {
	const p = await place(t, { consumer: { ack_wait_ms: 600000 } });
	const one = 'consumer=c&worker=one&ack=last';
	await p.say('of another');
	const { events: others } = await p.ask('consumer.read', { consumer: 'c', worker: 'other' });
	const first = await p.open(one);
	for (const text of ['a', 'b', 'c']) {
		await p.say(text);
	}
	await first.waitEvents(3);
	await first.close();
	await p.open(one, { lastEventId: first.events[1].id });
	await until(30000, 'two to be acknowledged', async () => (await p.shown()).waiting === 2);
	assert.deepEqual(await p.ack(first.events), { acknowledged: 1 });
	assert.deepEqual(await p.ask('consumer.ack', { consumer: 'c', deliveries: others.map((d) => d.delivery) }), { acknowledged: 1 });
});

test('without ack=last, and with an id that is none, nothing is acknowledged', async (t) => {
	const p = await place(t, { consumer: { ack_wait_ms: 600000 } });
	await p.say('a');
	const stream = await p.open('consumer=c&worker=w');
	await stream.waitEvents(1);
	for (const [query, lastEventId] of [['consumer=c&worker=w', stream.events[0].id], ['consumer=c&worker=w&ack=last', 'x9'], ['consumer=c&worker=w&ack=last', '9'.repeat(40)]]) {
		const again = await p.open(query, { lastEventId });
		await again.waitFor('the beginning', () => again.comments.length);
		assert.equal((await p.shown()).waiting, 1);
	}
});

test('a client that does not read is handed little more, and everything when it reads again', async (t) => {
	const p = await place(t, { consumer: { ack_wait_ms: 600000 } });
	const stream = await p.open();
	await stream.waitFor('the beginning', () => stream.comments.length);
	stream.res.pause();
	const n = 2000; // more than the kernel's buffers take
	const text = 'x'.repeat(7900);
	for (let i = 0; i < n; i += 20) {
		await Promise.all([...Array(20).keys()].map((k) => p.say(`${i + k} ${text}`)));
	}
	assert.ok((await p.shown()).behind > 0);
	stream.res.resume();
	await stream.waitEvents(n, 60000);
	assert.deepEqual(texts(stream.events).map((s) => Number(s.split(' ')[0])), [...Array(n).keys()]);
});

test('the stream ends with the consumer, and with the token', async (t) => {
	const p = await place(t);
	const stream = await p.open();
	await stream.waitFor('the beginning', () => stream.comments.length);
	await p.ask('consumer.delete', { consumer: 'c' });
	await stream.waitFor('the end', () => stream.ended);
	await p.ask('consumer.create', { name: 'c' });
	const other = await p.open();
	await other.waitFor('the beginning', () => other.comments.length);
	const client = await clientFor(t, server, { token: p.bot.token });
	await client.request('account.logout', {});
	await other.waitFor('the end', () => other.ended);
});

test('a server that ends, ends the streams', async (t) => {
	const own = await startServer();
	const by = await command(own, 'account.create', { name: 'Maker', password: 'correct horse' });
	const p = await place(t, { on: own, by });
	const stream = await p.open();
	await p.say('heard');
	await stream.waitEvents(1);
	await own.stop();
	await stream.waitFor('the end', () => stream.ended);
});

test('what cannot be streamed is refused', async (t) => {
	const p = await place(t);
	const headers = { Authorization: `Bearer ${p.bot.token}` };
	for (const [query, status, says] of [
		['consumer=absent', 404, /no such consumer/],
		['consumer=', 400, /consumer/],
		[`consumer=${'x'.repeat(600)}`, 400, /consumer: is too long/],
		['consumer=%ff', 400, /./],
		[`consumer=c&worker=${'x'.repeat(600)}`, 400, /worker: is too long/],
		[`consumer=c&worker=${'x'.repeat(100)}`, 413, /worker/],
		['consumer=c&ack=all&worker=w', 400, /ack: must be last/],
		['consumer=c&ack=last', 400, /worker: is missing/],
		[`consumer=c&room=${p.room}`, 400, /room/],
	]) {
		const answer = await get(server, `/api/v1/events?${query}`, { headers });
		assert.equal(answer.status, status, `${query}: ${answer.text}`);
		assert.match(answer.text, says);
	}
	assert.equal((await get(server, '/api/v1/events?consumer=c')).status, 401);
});
