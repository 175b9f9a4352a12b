import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';

const dataDir = temporaryDir();
let server;
before(async () => {
	server = await startServer({ dataDir });
});
after(() => server.stop());

const guest = (t) => clientFor(t, server, { guest: fresh('Guest') });

test('a pinned text is an event of the room, for those who are in it and for those who come later', async (t) => {
	const owner = await guest(t);
	const other = await guest(t);
	const { id: room } = await owner.request('room.create', { name: fresh('room') });
	await other.request('room.join', { room });
	const { seq } = await owner.request('room.pin_topic', { room, text: 'Release on Friday' });
	const event = await other.waitEvent('topic.pinned');
	assert.equal(event.seq, seq);
	assert.deepEqual(event.data, { text: 'Release on Friday', by: { id: owner.user.id, name: owner.user.name, kind: 'guest' } });
	const { events } = await other.request('history.read', { room, after: seq - 1 });
	assert.deepEqual(events, [event]);
});

test('a text that is pinned already makes no other event, also after a restart', async (t) => {
	const owner = await guest(t);
	const { id: room } = await owner.request('room.create', { name: fresh('room') });
	const { seq } = await owner.request('room.pin_topic', { room, text: 'one' });
	assert.deepEqual(await owner.request('room.pin_topic', { room, text: 'one' }), { seq });
	assert.deepEqual(await owner.request('room.pin_topic', { room, text: '' }), { seq: seq + 1 });
	assert.deepEqual(await owner.request('room.pin_topic', { room, text: 'one' }), { seq: seq + 2 });
	const { token } = owner.session;
	await owner.close();
	await server.stop();
	server = await startServer({ dataDir });
	const again = await clientFor(t, server, { token });
	assert.deepEqual(await again.request('room.pin_topic', { room, text: 'one' }), { seq: seq + 2 });
});

test('others than the owner may not, and who is not in a private room does not learn of it', async (t) => {
	const owner = await guest(t);
	const other = await guest(t);
	const { id: room } = await owner.request('room.create', { name: fresh('room') });
	const { id: hidden } = await owner.request('room.create', { name: fresh('room'), kind: 'private' });
	await other.request('room.join', { room });
	await other.refused('room.pin_topic', { room, text: 'mine' }, 'forbidden');
	await other.refused('room.pin_topic', { room: hidden, text: 'mine' }, 'not_found');
});
