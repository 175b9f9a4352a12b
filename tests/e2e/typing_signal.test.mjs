import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { closeAll, fresh, roomOf } from './lib/client.mjs';
import { startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

async function pair(t) {
	const { room, clients } = await roomOf(server, fresh('room'), 2);
	t.after(() => closeAll(clients));
	return { room: room.id, one: clients[0], two: clients[1] };
}

test('typing.set tells the others, without seq and id', async (t) => {
	const { room, one, two } = await pair(t);
	assert.deepEqual(await one.request('typing.set', { room }), {});
	const event = await two.waitEvent('typing');
	assert.equal(event.room, room);
	assert.match(event.timestamp, /Z$/);
	assert.deepEqual(event.data, { user: { id: one.user.id, name: one.user.name, kind: 'guest' }, typing: true });
	assert.ok(!('seq' in event) && !('id' in event));
	await one.request('typing.set', { room, typing: false });
	await two.waitEvent((e) => e.type === 'typing' && e.data.typing === false);
});

test('signal.send carries any small JSON to the room', async (t) => {
	const { room, one, two } = await pair(t);
	const values = [{ x: 1, y: [1.5, null, true] }, 'text', 7, false, [], {}, { 'ä"\\': '😀' }];
	for (const [i, data] of values.entries()) {
		await one.request('signal.send', { room, name: `value ${i}`, data });
	}
	for (const [i, data] of values.entries()) {
		const event = await two.waitEvent((e) => e.type === 'signal' && e.data.name === `value ${i}`);
		assert.deepEqual(event.data.data, data);
		assert.equal(event.data.user.id, one.user.id);
	}
});

test('what is not remembered is not in history and takes no seq', async (t) => {
	const { room, one, two } = await pair(t);
	await one.request('typing.set', { room });
	await one.request('signal.send', { room, name: 'cursor', data: { x: 1 } });
	const { seq } = await one.request('message.send', { room, text: 'then a message' });
	assert.equal(seq, 4);
	await two.waitSeq(room, 4);
	assert.deepEqual(two.events.filter((e) => e.room === room && e.type !== 'member.joined').map((e) => e.type), ['typing', 'signal', 'message.created']);
	const { events } = await two.request('history.read', { room, after: 0 });
	assert.deepEqual(events.map((e) => e.type), ['room.created', 'member.joined', 'member.joined', 'message.created']);
});

test('a signal as large as the limit passes, a larger one is refused', async (t) => {
	const { room, one, two } = await pair(t);
	const data = 'x'.repeat(2046); // 2048 bytes with its quotes
	await one.request('signal.send', { room, name: 'big', data });
	assert.equal((await two.waitEvent('signal')).data.data, data);
	const error = await one.refused('signal.send', { room, name: 'big', data: `${data}x` });
	assert.ok(['too_large', 'invalid_request'].includes(error.code), error.message);
	assert.match(error.wireMessage, /data/);
	await one.refused('signal.send', { room, name: 'n'.repeat(65), data });
});

test('typing.set and signal.send are for members', async (t) => {
	const { room } = await pair(t);
	const { one: stranger } = await pair(t);
	await stranger.refused('typing.set', { room }, 'forbidden');
	await stranger.refused('signal.send', { room, name: 'x' }, 'forbidden');
});

test('a hundred signals a second do not disturb the order of messages', async (t) => {
	const { room, one, two } = await pair(t);
	const all = [];
	for (let i = 0; i < 100; i++) {
		all.push(one.request('signal.send', { room, name: 'tick', data: i }));
		if (i % 10 === 0) {
			all.push(one.request('message.send', { room, text: `${i}` }));
		}
	}
	await Promise.all(all);
	await two.waitSeq(room, 13);
	two.assertOrdered();
	const ticks = two.events.filter((e) => e.type === 'signal').map((e) => e.data.data);
	assert.deepEqual(ticks, [...ticks].sort((a, b) => a - b));
});
