import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { startServer } from './lib/server.mjs';

const N_MESSAGES = 120; // seqs 3…122

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

// A room with messages, and what was seen of them live.
async function filledRoom(t, target = server, n = N_MESSAGES) {
	const client = await clientFor(t, target, { guest: fresh('Writer') });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	await Promise.all(Array.from({ length: n }, (_, i) => client.request('message.send', { room, text: `message ${i}` })));
	await client.waitSeq(room, 2 + n);
	return { client, room, last: 2 + n };
}

const seqs = (page) => page.events.map((event) => event.seq);
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('history.read without a place gives the newest page of 50, ascending', async (t) => {
	const { client, room, last } = await filledRoom(t);
	const page = await client.request('history.read', { room });
	assert.equal(page.room, room);
	assert.deepEqual(seqs(page), range(last - 49, last));
	assert.equal(page.more, true);
	assert.equal(page.last_seq, last);
});

test('before pages back to the first event without hole or double', async (t) => {
	const { client, room, last } = await filledRoom(t);
	const all = [];
	let before = last + 1;
	for (;;) {
		const page = await client.request('history.read', { room, before, limit: 25 });
		all.unshift(...seqs(page));
		if (!page.more) {
			break;
		}
		assert.equal(page.events.length, 25);
		before = page.events[0].seq;
	}
	assert.deepEqual(all, range(1, last));
});

test('after pages forward to the last event without hole or double', async (t) => {
	const { client, room, last } = await filledRoom(t);
	const all = [];
	let cursor = 0;
	for (;;) {
		const page = await client.request('history.read', { room, after: cursor, limit: 25 });
		all.push(...seqs(page));
		if (!page.more) {
			break;
		}
		cursor = page.events.at(-1).seq;
	}
	assert.deepEqual(all, range(1, last));
});

test('around gives the seq itself with what is before and after it', async (t) => {
	const { client, room } = await filledRoom(t);
	const page = await client.request('history.read', { room, around: 60, limit: 11 });
	assert.ok(seqs(page).includes(60));
	assert.deepEqual(seqs(page), range(seqs(page)[0], seqs(page).at(-1)));
	assert.equal(page.events.length, 11);
	assert.ok(Math.abs((60 - seqs(page)[0]) - (seqs(page).at(-1) - 60)) <= 1, `${seqs(page)}`);
	assert.equal(page.more, true);
});

test('around at the ends of the log gives what is there', async (t) => {
	const { client, room, last } = await filledRoom(t);
	const first = await client.request('history.read', { room, around: 1, limit: 10 });
	assert.equal(seqs(first)[0], 1);
	const end = await client.request('history.read', { room, around: last, limit: 10 });
	assert.equal(seqs(end).at(-1), last);
});

test('at the ends a page is empty and there is no more', async (t) => {
	const { client, room, last } = await filledRoom(t);
	for (const place of [{ before: 1 }, { after: last }, { after: last + 1000 }]) {
		const page = await client.request('history.read', { room, ...place });
		assert.deepEqual(page.events, [], JSON.stringify(place));
		assert.equal(page.more, false);
	}
});

test('events of history are byte for byte what was delivered live', async (t) => {
	const { client, room } = await filledRoom(t);
	const live = new Map(client.events.filter((event) => event.room === room).map((event) => [event.seq, event.raw]));
	const { text, message } = await client.request('history.read', { room, after: 2, limit: 100 }, { whole: true });
	assert.equal(message.data.events.length, 100);
	for (const { seq } of message.data.events) {
		assert.ok(live.get(seq), `seq ${seq} was not seen live`);
		assert.ok(text.includes(live.get(seq)), `seq ${seq} differs from the live one: ${live.get(seq)}`);
	}
});

test('history is the same bytes after a restart', async (t) => {
	const first = await startServer();
	t.after(() => first.stop());
	const { client, room, last } = await filledRoom(t, first, 20);
	const before = await client.request('history.read', { room, after: 0 }, { whole: true });
	await client.close();
	await first.stop();
	const second = await startServer({ dataDir: first.dataDir });
	t.after(() => second.stop());
	const again = await clientFor(t, second, { token: client.token });
	const now = await again.request('history.read', { room, after: 0 }, { whole: true });
	const events = ({ text }) => text.slice(text.indexOf('"events":'));
	assert.equal(events(now), events(before));
	assert.equal(now.message.data.last_seq, last);
});

test('a page has at most the limit of events and the limit in hello', async (t) => {
	const small = await startServer({ args: ['--limit-page-events', '10'] });
	t.after(() => small.stop());
	const { client, room } = await filledRoom(t, small, 30);
	assert.equal(client.hello.limits.page_events, 10);
	const page = await client.request('history.read', { room });
	assert.equal(page.events.length, 10);
	const asked = await client.request('history.read', { room, limit: 3 });
	assert.equal(asked.events.length, 3);
	const greedy = await client.request('history.read', { room, limit: 11 }).then((p) => p.events.length, (e) => e.code);
	assert.ok(greedy === 10 || greedy === 'invalid_request', `${greedy}`);
});

test('a page has at most page_bytes bytes, and says that there is more', async (t) => {
	const small = await startServer({ args: ['--limit-page-bytes', '10000'] });
	t.after(() => small.stop());
	const client = await clientFor(t, small, { guest: 'Writer' });
	const room = (await client.request('room.create', { name: 'big texts' })).id;
	for (let i = 0; i < 10; i++) {
		await client.request('message.send', { room, text: 'x'.repeat(3000) });
	}
	const all = [];
	let cursor = 0;
	for (let pages = 0; pages < 20; pages++) {
		const { text, message } = await client.request('history.read', { room, after: cursor }, { whole: true });
		assert.ok(text.length < 15000, `${text.length} bytes`);
		assert.ok(message.data.events.length > 0);
		all.push(...seqs(message.data));
		cursor = all.at(-1);
		if (!message.data.more) {
			break;
		}
	}
	assert.deepEqual(all, range(1, 12));
	const newest = await client.request('history.read', { room });
	assert.equal(newest.events.at(-1).seq, 12);
	assert.equal(newest.more, true);
});

test('two places at once, and places out of range, are refused', async (t) => {
	const { client, room } = await filledRoom(t, server, 1);
	await client.refused('history.read', { room, before: 3, after: 1 }, 'invalid_request');
	for (const place of [{ before: -1 }, { after: 2 ** 53 }, { around: 1.5 }, { before: '3' }, { limit: 0 }, { limit: -1 }]) {
		const error = await client.refused('history.read', { room, ...place }, 'invalid_request');
		assert.match(error.wireMessage, new RegExp(Object.keys(place)[0]), JSON.stringify(place));
	}
});

test('history is for members', async (t) => {
	const { room } = await filledRoom(t, server, 1);
	const stranger = await clientFor(t, server, { guest: fresh('Stranger') });
	await stranger.refused('history.read', { room }, 'forbidden');
});

test('a new member reads what was before it joined', async (t) => {
	const { room, last } = await filledRoom(t, server, 5);
	const late = await clientFor(t, server, { guest: fresh('Late') });
	await late.request('room.join', { room });
	const page = await late.request('history.read', { room, after: 0 });
	assert.deepEqual(seqs(page), range(1, last + 1));
});
