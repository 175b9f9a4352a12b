import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { command, post } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const guest = (t, name = 'Guest') => clientFor(t, server, { guest: fresh(name) });

async function roomFor(client) {
	return (await client.request('room.create', { name: fresh('room') })).id;
}

test('message.send answers room, seq, id and timestamp, and the event carries the same', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const sent = await client.request('message.send', { room, text: 'Hello' });
	assert.equal(sent.room, room);
	assert.equal(sent.seq, 3);
	assert.match(sent.id, UUID);
	assert.match(sent.timestamp, TIMESTAMP);
	assert.equal(sent.duplicate, undefined);
	const event = await client.waitEvent('message.created');
	assert.deepEqual({ room: event.room, seq: event.seq, id: event.id, timestamp: event.timestamp }, sent);
	assert.deepEqual(event.data, { text: 'Hello', author: { id: client.user.id, name: client.user.name, kind: 'guest' } });
});

test('every member gets a message once, in the same bytes', async (t) => {
	const sender = await guest(t);
	const room = await roomFor(sender);
	const readers = [await guest(t), await guest(t)];
	for (const reader of readers) {
		await reader.request('room.join', { room });
	}
	await sender.request('message.send', { room, text: 'to all' });
	const events = [];
	for (const client of [sender, ...readers]) {
		events.push((await client.waitEvent('message.created')).raw);
		await client.settle();
		assert.equal(client.texts(room).length, 1);
	}
	assert.equal(new Set(events).size, 1);
});

test('one who is not a member receives nothing', async (t) => {
	const sender = await guest(t);
	const stranger = await guest(t);
	const room = await roomFor(sender);
	await sender.request('message.send', { room, text: 'inside' });
	await stranger.settle();
	assert.deepEqual(stranger.events, []);
	await stranger.refused('message.send', { room, text: 'let me in' }, 'forbidden');
});

test('messages of many senders at once come in one order to all', async (t) => {
	const senders = [];
	for (let i = 0; i < 4; i++) {
		senders.push(await guest(t));
	}
	const room = await roomFor(senders[0]);
	for (const client of senders.slice(1)) {
		await client.request('room.join', { room });
	}
	const sends = senders.flatMap((client, who) => Array.from({ length: 50 }, (_, i) => client.request('message.send', { room, text: `${who}:${i}` })));
	const seqs = (await Promise.all(sends)).map((sent) => sent.seq);
	assert.equal(new Set(seqs).size, 200);
	const orders = [];
	for (const client of senders) {
		await client.waitSeq(room, Math.max(...seqs));
		orders.push(client.events.filter((event) => event.type === 'message.created').map((event) => event.raw).join('\n'));
	}
	assert.equal(new Set(orders).size, 1);
	for (let who = 0; who < senders.length; who++) {
		const own = senders[0].texts(room).filter((text) => text.startsWith(`${who}:`));
		assert.deepEqual(own, Array.from({ length: 50 }, (_, i) => `${who}:${i}`), 'the order of one sender is kept');
	}
});

test('an acknowledged message is there after SIGKILL', async (t) => {
	const first = await startServer();
	const client = await Client.start(first, { guest: 'Sender' });
	const room = await roomFor(client);
	const sent = [];
	for (let i = 0; i < 20; i++) {
		sent.push(await client.request('message.send', { room, text: `durable ${i}` }));
	}
	await first.kill();
	const second = await startServer({ dataDir: first.dataDir });
	t.after(() => second.stop());
	const again = await clientFor(t, second, { token: client.token });
	const { events } = await again.request('history.read', { room, after: 0 });
	for (const { seq, id } of sent) {
		assert.equal(events.find((event) => event.seq === seq)?.id, id);
	}
});

test('an event is delivered to nobody before it is committed: a client that saw it finds it after SIGKILL', async (t) => {
	const first = await startServer();
	const sender = await Client.start(first, { guest: 'Sender' });
	const reader = await Client.start(first, { guest: 'Reader' });
	const room = await roomFor(sender);
	await reader.request('room.join', { room });
	for (let i = 0; i < 200; i++) {
		sender.request('message.send', { room, text: `racing ${i}` }).catch(() => {});
	}
	await reader.waitEvent((event) => event.type === 'message.created');
	await first.kill();
	await reader.waitClose();
	const seen = reader.events.filter((event) => event.type === 'message.created');
	const second = await startServer({ dataDir: first.dataDir });
	t.after(() => second.stop());
	const again = await clientFor(t, second, { token: reader.token });
	const pages = [0, 150].map((after) => again.request('history.read', { room, after, limit: 200 })); // 203 events at most
	const log = (await Promise.all(pages)).flatMap((page) => page.events);
	const kept = new Map(log.map((event) => [event.seq, event.id]));
	assert.ok(seen.length > 0);
	for (const event of seen) {
		assert.equal(kept.get(event.seq), event.id);
	}
});

test('a repeated client_id answers with the first result and duplicate, and makes no second event', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const client_id = randomUUID();
	const first = await client.request('message.send', { room, text: 'once', client_id });
	const second = await client.request('message.send', { room, text: 'once', client_id });
	assert.deepEqual(second, { ...first, duplicate: true });
	await client.settle();
	assert.deepEqual(client.texts(room), ['once']);
	assert.equal((await client.waitEvent('message.created')).data.client_id, client_id);
});

test('two sends with one client_id under way at once make one event', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const client_id = randomUUID();
	const answers = await Promise.all(Array.from({ length: 5 }, () => client.request('message.send', { room, text: 'race', client_id })));
	assert.equal(answers.filter((answer) => !answer.duplicate).length, 1);
	assert.equal(new Set(answers.map((answer) => answer.seq)).size, 1);
	await client.settle();
	assert.deepEqual(client.texts(room), ['race']);
});

test('a client_id is remembered across connections and transports', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const client_id = randomUUID();
	const first = await client.request('message.send', { room, text: 'once', client_id });
	const other = await clientFor(t, server, { token: client.token });
	assert.deepEqual(await other.request('message.send', { room, text: 'once', client_id }), { ...first, duplicate: true });
	assert.deepEqual(await command(server, 'message.send', { room, text: 'once', client_id }, { token: client.token }), { ...first, duplicate: true });
});

test('a client_id is remembered across a restart', async (t) => {
	const first = await startServer();
	const client = await Client.start(first, { guest: 'Sender' });
	const room = await roomFor(client);
	const client_id = randomUUID();
	const sent = await client.request('message.send', { room, text: 'once', client_id });
	await first.kill();
	const second = await startServer({ dataDir: first.dataDir });
	t.after(() => second.stop());
	const again = await clientFor(t, second, { token: client.token });
	assert.deepEqual(await again.request('message.send', { room, text: 'once', client_id }), { ...sent, duplicate: true });
});

test('the same client_id of another author is another message', async (t) => {
	const one = await guest(t);
	const two = await guest(t);
	const room = await roomFor(one);
	await two.request('room.join', { room });
	const client_id = randomUUID();
	const first = await one.request('message.send', { room, text: 'mine', client_id });
	const second = await two.request('message.send', { room, text: 'mine', client_id });
	assert.equal(second.duplicate, undefined);
	assert.notEqual(second.seq, first.seq);
});

test('a client_id that is no UUID is refused', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	for (const client_id of ['x', '', 7, {}]) {
		const error = await client.refused('message.send', { room, text: 'x', client_id }, 'invalid_request');
		assert.match(error.wireMessage, /client_id/);
	}
});

test('reply_to names a message of the room and is in the event', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const { seq } = await client.request('message.send', { room, text: 'question' });
	await client.request('message.send', { room, text: 'answer', reply_to: seq });
	const event = await client.waitEvent((e) => e.data?.text === 'answer');
	assert.equal(event.data.reply_to, seq);
});

test('reply_to that names no message is not_found', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	await client.refused('message.send', { room, text: 'x', reply_to: 99 }, 'not_found');
	await client.refused('message.send', { room, text: 'x', reply_to: 1 }, 'not_found'); // room.created is not a message
});

test('a text as long as the limit is sent whole, one byte more is refused', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const text = `${'ä'.repeat(3999)}xy`; // 8000 bytes
	await client.request('message.send', { room, text });
	assert.equal((await client.waitEvent('message.created')).data.text, text);
	const error = await client.refused('message.send', { room, text: `${text}z` });
	assert.ok(['too_large', 'invalid_request'].includes(error.code));
	assert.match(error.wireMessage, /^the message is too long: it has 8001 bytes, and may have 8000/);
	assert.equal(error.field, 'text');
});

test('control characters are taken out of a text, newline and tab stay', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	await client.request('message.send', { room, text: 'a\u0007b\tc\r\nd\u001b[31me\u007ff\u0085g' });
	assert.equal((await client.waitEvent('message.created')).data.text, 'ab\tc\nd[31mefg');
});

test('a text with nothing in it is refused', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	for (const text of ['', '\u0007', '\u0001\u0002']) {
		const error = await client.refused('message.send', { room, text }, 'invalid_request');
		assert.equal(error.wireMessage, 'the message must not be empty');
		assert.equal(error.field, 'text');
	}
});

test('any text of Unicode comes back as it was sent', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const texts = ['😀 👩‍👩‍👧‍👦 🇩🇪', 'e\u0301 ≠ é', '"quotes" \\ / </script>', 'עברית العربية', '\u{10FFFD}', '\u2028\u2029', '0'];
	for (const text of texts) {
		await client.request('message.send', { room, text });
	}
	await client.waitSeq(room, 2 + texts.length);
	assert.deepEqual(client.texts(room), texts);
});

test('a room may be named in message.send', async (t) => {
	const client = await guest(t);
	const { id, name } = await client.request('room.create', { name: fresh('Named') });
	assert.equal((await client.request('message.send', { room: name.toUpperCase(), text: 'x' })).room, id);
});

test('ids of events are unique and their timestamps do not run backwards', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const sent = await Promise.all(Array.from({ length: 100 }, (_, i) => client.request('message.send', { room, text: `${i}` })));
	assert.equal(new Set(sent.map((answer) => answer.id)).size, 100);
	const times = sent.sort((a, b) => a.seq - b.seq).map((answer) => answer.timestamp);
	assert.deepEqual(times, [...times].sort());
});

test('a message sent by POST reaches WebSockets', async (t) => {
	const client = await guest(t);
	const room = await roomFor(client);
	const answer = await post(server, 'message.send', { room, text: 'by post' }, { token: client.token });
	assert.equal(answer.json.data.seq, 3);
	assert.equal((await client.waitEvent('message.created')).data.text, 'by post');
});
