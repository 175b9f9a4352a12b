import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { EventStream, command, get, post, sessionCookie } from './lib/http.mjs';
import { serverFor, startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

async function withRoom(t, target = server) {
	const client = await clientFor(t, target, { guest: fresh('Streamer') });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	const say = async (text, where = room) => (await client.request('message.send', { room: where, text })).seq;
	const open = async (query, options) => {
		const stream = await EventStream.open(target, query, { token: client.token, ...options });
		t.after(() => stream.close());
		return stream;
	};
	return { client, room, say, open };
}

for (const [title, query] of [['the second', 'room=general&room=LONG'], ['the first', 'room=LONG&room=general'], ['longer than any value', 'room=general&room=LONGLONGLONGLONG']]) {
	test(`a room's name that is too long is refused, not passed over: ${title}`, async () => {
		const answer = await get(server, `/api/v1/events?${query.replaceAll('LONG', 'x'.repeat(600))}`);
		assert.equal(answer.status, 400);
		assert.deepEqual(JSON.parse(answer.text).data.message, 'room: is too long');
	});
}

test('an argument of another name may be as long as it likes', async (t) => {
	const { room, say, open } = await withRoom(t);
	const stream = await open(`other=${'x'.repeat(4000)}&room=${room}`);
	assert.equal(stream.status, 200);
	const seq = await say('heard');
	await stream.waitEvents(1);
	assert.deepEqual(seqsOf(stream), [seq]);
});

const seqsOf = (stream) => stream.events.map((event) => event.data.seq);

test('a stream without a cursor is live, and begins with a comment', async (t) => {
	const { client, room, say, open } = await withRoom(t);
	await say('before');
	const stream = await open(`room=${room}`);
	assert.equal(stream.status, 200);
	assert.match(stream.headers['content-type'], /^text\/event-stream/);
	assert.match(stream.headers['cache-control'], /no-store|no-cache/);
	await stream.waitFor('the first comment', () => stream.comments.length);
	assert.ok(stream.text.startsWith(`: ok\n\nid: ${room}:3@${client.session.epoch}\n\n`), stream.text);
	await say('after');
	await stream.waitEvents(1);
	assert.deepEqual(stream.events.map((event) => event.data.data.text), ['after']);
});

test('an event of the stream is byte for byte the event of the WebSocket', async (t) => {
	const { client, room, say, open } = await withRoom(t);
	const stream = await open(`room=${room}`);
	const seq = await say('same');
	await stream.waitEvents(1);
	const [event] = stream.events;
	assert.equal(event.event, 'message.created');
	assert.equal(event.id, `${room}:${seq}@${client.session.epoch}`);
	assert.equal(event.raw, (await client.waitEvent('message.created')).raw);
});

test('after=0 gives the room from its start', async (t) => {
	const { room, say, open } = await withRoom(t);
	await say('one');
	const stream = await open(`room=${room}&after=0`);
	await stream.waitEvents(3);
	assert.deepEqual(seqsOf(stream), [1, 2, 3]);
});

test('Last-Event-ID goes on where the last stream ended, without hole or double', async (t) => {
	const { room, say, open } = await withRoom(t);
	const first = await open(`room=${room}`);
	await say('one');
	await first.waitEvents(1);
	first.close();
	for (let i = 0; i < 20; i++) {
		await say(`missed ${i}`);
	}
	const second = await open(`room=${room}`, { lastEventId: first.events.at(-1).id });
	await second.waitEvents(20);
	await say('live');
	await second.waitEvents(21);
	assert.deepEqual(seqsOf(second), Array.from({ length: 21 }, (_, i) => i + 4));
});

test('a stream that ends before its first event is gone on with from its beginning', async (t) => {
	const { room, say, open } = await withRoom(t);
	const first = await open(`room=${room}`);
	await first.waitFor('its place', () => /^id: /m.test(first.text));
	first.close();
	const seq = await say('missed');
	const second = await open(`room=${room}`, { lastEventId: /^id: (.*)$/m.exec(first.text)[1] });
	await second.waitEvents(1);
	assert.deepEqual(seqsOf(second), [seq]);
});

test('a bare seq works as Last-Event-ID of a single room', async (t) => {
	const { room, say, open } = await withRoom(t);
	await say('one');
	await say('two');
	const stream = await open(`room=${room}`, { lastEventId: '3' });
	await stream.waitEvents(1);
	assert.deepEqual(seqsOf(stream), [4]);
});

test('Last-Event-ID weighs more than after, as a reconnecting browser needs', async (t) => {
	const { room, say, open } = await withRoom(t);
	await say('one');
	await say('two');
	const stream = await open(`room=${room}&after=0`, { lastEventId: `${room}:3` });
	await stream.waitEvents(1);
	assert.equal(seqsOf(stream)[0], 4);
});

test('one stream carries two rooms, and its ids name both cursors', async (t) => {
	const { client, room, say, open } = await withRoom(t);
	const { id: other } = await client.request('room.create', { name: fresh('other') });
	const stream = await open(`room=${room}&room=${other}`);
	await say('here');
	await say('there', other);
	await stream.waitEvents(2);
	const cursors = (id) => Object.fromEntries(id.split('@')[0].split(',').map((part) => part.split(':')));
	assert.deepEqual(cursors(stream.events.at(-1).id), { [room]: '3', [other]: '3' });
	stream.close();
	await say('here 2');
	await say('there 2', other);
	const again = await open(`room=${room}&room=${other}`, { lastEventId: stream.events.at(-1).id });
	await again.waitEvents(2);
	assert.deepEqual(again.events.map((event) => event.data.data.text).sort(), ['here 2', 'there 2']);
});

test('rooms may be named in the query', async (t) => {
	const { client, open } = await withRoom(t);
	const { name, id } = await client.request('room.create', { name: fresh('Näme & more') });
	const stream = await open(`room=${encodeURIComponent(name)}`);
	assert.equal(stream.status, 200);
	await client.request('message.send', { room: id, text: 'x' });
	await stream.waitEvents(1);
});

test('events that are not remembered have no id line', async (t) => {
	const { client, room, open } = await withRoom(t);
	const stream = await open(`room=${room}`);
	await client.request('typing.set', { room });
	await client.request('signal.send', { room, name: 'x', data: 1 });
	await stream.waitEvents(2);
	assert.deepEqual(stream.events.map((event) => [event.event, event.id]), [['typing', undefined], ['signal', undefined]]);
});

test('comments keep an idle stream alive', async (t) => {
	const beating = await serverFor(t, { args: ['--heartbeat-ms', '200'] });
	const { room, open } = await withRoom(t, beating);
	const stream = await open(`room=${room}`);
	await stream.waitFor('two keep-alive comments', () => stream.comments.filter((comment) => comment === 'keep-alive').length >= 2);
});

test('a stream needs membership, rooms, good cursors and a token', async (t) => {
	const { client, room, say } = await withRoom(t);
	await say('x');
	const stranger = await command(server, 'session.start', { guest: fresh('Stranger') });
	const bearer = { headers: { Authorization: `Bearer ${client.token}` } };
	const cases = [
		[`room=${room}`, { headers: { Authorization: `Bearer ${stranger.token}` } }, [403, 404]],
		[`room=${room}`, {}, [401]],
		[`room=${room}`, { headers: { Authorization: `Bearer ${'x'.repeat(43)}` } }, [401]],
		['', bearer, [400]],
		[`room=${fresh('absent')}`.replaceAll(' ', '%20'), bearer, [404]],
		[`room=${room}&after=x`, bearer, [400]],
		[`room=${room}&after=-1`, bearer, [400]],
		[`room=${room}`, { headers: { ...bearer.headers, 'Last-Event-ID': 'rubbish' } }, [400]],
	];
	for (const [query, options, statuses] of cases) {
		const answer = await get(server, `/api/v1/events?${query}`, options);
		assert.ok(statuses.includes(answer.status), `${query}: ${answer.status} ${answer.text}`);
		assert.equal(JSON.parse(answer.text).type, 'error');
	}
});

test('the cookie opens a stream of the own page, not of another', async (t) => {
	const answer = await post(server, 'session.start', { guest: fresh('Page') }, { origin: server.url });
	const cookie = sessionCookie(answer);
	const { id: room } = await command(server, 'room.create', { name: fresh('room') }, { cookie });
	const own = await EventStream.open(server, `room=${room}`, { cookie });
	t.after(() => own.close());
	assert.equal(own.status, 200);
	const sameSite = await EventStream.open(server, `room=${room}`, { cookie, headers: { 'Sec-Fetch-Site': 'same-origin' } });
	t.after(() => sameSite.close());
	assert.equal(sameSite.status, 200);
	for (const headers of [{ Origin: 'http://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
		const other = await get(server, `/api/v1/events?room=${room}`, { headers: { Cookie: cookie, ...headers } });
		assert.ok([401, 403].includes(other.status), `${JSON.stringify(headers)}: ${other.status}`);
	}
});

test('more rooms than the limit are refused', async (t) => {
	const small = await serverFor(t, { args: ['--limit-stream-rooms', '2'] });
	const { client, room } = await withRoom(t, small);
	const more = [];
	for (let i = 0; i < 2; i++) {
		more.push((await client.request('room.create', { name: fresh('room') })).id);
	}
	const answer = await get(small, `/api/v1/events?room=${room}&room=${more[0]}&room=${more[1]}`, { headers: { Authorization: `Bearer ${client.token}` } });
	assert.ok([400, 409].includes(answer.status), answer.text);
});

test('a cursor beyond the end gets room.gap on the stream too', async (t) => {
	const { room, say, open } = await withRoom(t);
	await say('x');
	const stream = await open(`room=${room}&after=500`);
	await stream.waitFor('room.gap', () => stream.events.some((event) => event.event === 'room.gap'));
});

test('a stream goes on across a restart with its last id', async (t) => {
	const first = await startServer();
	const client = await clientFor(t, first, { guest: 'Streamer' });
	const room = (await client.request('room.create', { name: 'room' })).id;
	const stream = await EventStream.open(first, `room=${room}`, { token: client.token });
	await client.request('message.send', { room, text: 'one' });
	await stream.waitEvents(1);
	await client.request('message.send', { room, text: 'two' });
	const { id } = stream.events[0];
	await first.kill();
	await stream.waitEnd();
	const second = await serverFor(t, { dataDir: first.dataDir });
	const again = await EventStream.open(second, `room=${room}`, { token: client.token, lastEventId: id });
	t.after(() => again.close());
	await again.waitEvents(1);
	assert.equal(again.events[0].data.data.text, 'two');
});

test('logging out ends the streams of the session', async (t) => {
	const { client, room, open } = await withRoom(t);
	const stream = await open(`room=${room}`);
	await command(server, 'account.logout', {}, { token: client.token });
	await stream.waitEnd();
	await client.waitClose();
});
