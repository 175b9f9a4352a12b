import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const guest = (t, name = 'Guest') => clientFor(t, server, { guest: fresh(name) });

async function pair(t) {
	const writer = await guest(t, 'Writer');
	const reader = await guest(t, 'Reader');
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	await reader.request('room.join', { room }); // seq 3
	const say = async (n) => {
		for (let i = 0; i < n; i++) {
			await writer.request('message.send', { room, text: `news ${i}` });
		}
	};
	const state = async (client = reader) => {
		const { read_seq, unread } = (await client.request('room.get', { room })).room;
		return { read_seq, unread };
	};
	return { writer, reader, room, say, state };
}

test('messages of others are unread until read.mark', async (t) => {
	const { reader, room, say, state } = await pair(t);
	await say(3); // seqs 4, 5, 6
	assert.equal((await state()).unread, 3);
	assert.deepEqual(await reader.request('read.mark', { room, seq: 5 }), { read_seq: 5, read_messages: 2, unread: 1 });
	assert.deepEqual(await state(), { read_seq: 5, unread: 1 });
	assert.deepEqual(await reader.request('read.mark', { room, seq: 6 }), { read_seq: 6, read_messages: 3, unread: 0 });
});

test('joins, leaves and topics are not counted as unread', async (t) => {
	const { writer, reader, room, say, state } = await pair(t);
	const passing = await guest(t, 'Passing');
	await passing.request('room.join', { room });
	await writer.request('room.update', { room, topic: 'news' });
	await passing.request('room.leave', { room });
	assert.equal((await state()).unread, 0);
	await say(1);
	assert.equal((await state()).unread, 1);
	await reader.waitSeq(room, 7);
});

test('a mark does not go back', async (t) => {
	const { reader, room, say, state } = await pair(t);
	await say(3);
	await reader.request('read.mark', { room, seq: 6 });
	assert.deepEqual(await reader.request('read.mark', { room, seq: 4 }), { read_seq: 6, read_messages: 3, unread: 0 });
	assert.equal((await state()).read_seq, 6);
});

test('a mark beyond the end is refused or cut at the end', async (t) => {
	const { reader, room, say, state } = await pair(t);
	await say(1);
	const result = await reader.request('read.mark', { room, seq: 1000 }).then((ok) => ok.read_seq, (error) => error.code);
	assert.ok(result === 4 || result === 'invalid_request', `${result}`);
	await say(1);
	assert.ok((await state()).unread >= 1, 'what comes later is unread');
});

test('the other connections of the user get read.marked, those of others do not', async (t) => {
	const { writer, reader, room, say } = await pair(t);
	const second = await clientFor(t, server, { token: reader.token });
	await say(2);
	await reader.request('read.mark', { room, seq: 4 });
	const event = await second.waitEvent('read.marked');
	assert.equal(event.room, room);
	assert.deepEqual(event.data, { read_seq: 4, read_messages: 1, unread: 1 });
	assert.equal(event.seq, undefined);
	await writer.settle();
	await reader.settle();
	assert.ok(!writer.events.some((e) => e.type === 'read.marked'));
	assert.ok(!reader.events.some((e) => e.type === 'read.marked'));
});

test('session.start tells the unread count and the mark', async (t) => {
	const { reader, room, say } = await pair(t);
	await say(4);
	await reader.request('read.mark', { room, seq: 5 });
	const again = await clientFor(t, server, { token: reader.token });
	const { read_seq, unread, last_seq } = again.session.rooms.find((r) => r.id === room);
	assert.deepEqual({ read_seq, unread, last_seq }, { read_seq: 5, unread: 2, last_seq: 7 });
});

test('marks and unread counts are the same after a restart', async (t) => {
	const first = await startServer();
	const writer = await clientFor(t, first, { guest: 'Writer' });
	const reader = await clientFor(t, first, { guest: 'Reader' });
	const room = (await writer.request('room.create', { name: 'room' })).id;
	await reader.request('room.join', { room });
	for (let i = 0; i < 5; i++) {
		await writer.request('message.send', { room, text: `${i}` });
	}
	await reader.request('read.mark', { room, seq: 6 });
	await first.kill();
	const second = await startServer({ dataDir: first.dataDir });
	t.after(() => second.stop());
	const again = await clientFor(t, second, { token: reader.token });
	const { read_seq, unread } = again.session.rooms[0];
	assert.deepEqual({ read_seq, unread }, { read_seq: 6, unread: 2 });
});

test('read.mark is for members', async (t) => {
	const { room } = await pair(t);
	const stranger = await guest(t, 'Stranger');
	await stranger.refused('read.mark', { room, seq: 1 }, 'forbidden');
});
