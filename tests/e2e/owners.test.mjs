// Who owns a room, and what the server's owner may do in rooms of others.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { command } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

const PASSWORD = 'correct horse battery';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const guest = (t, name = 'Guest') => clientFor(t, server, { guest: fresh(name) });

async function person(t, name = 'Person') {
	const { token } = await command(server, 'account.create', { name: fresh(name), password: PASSWORD });
	return clientFor(t, server, { token });
}

const roleOf = async (client, room) => (await client.request('room.get', { room })).room.role;

test('a room passes on when its owner leaves, and everybody in it is told by an event', async (t) => {
	const [ann, gus, bob] = [await person(t, 'Ann'), await guest(t, 'Gus'), await person(t, 'Bob')];
	const { id: room } = await ann.request('room.create', { name: fresh('room') });
	await gus.request('room.join', { room });
	await bob.request('room.join', { room });
	await bob.refused('room.update', { room, topic: 'not yet' }, 'forbidden');
	const { seq } = await ann.request('room.leave', { room });
	for (const client of [gus, bob]) {
		const event = await client.waitEvent('member.updated');
		assert.deepEqual(event.data, { user: { id: bob.user.id, name: bob.user.name, kind: 'person' }, role: 'owner' });
		assert.equal(event.seq, seq + 1);
	}
	assert.equal(await roleOf(bob, room), 'owner');
	await bob.request('room.update', { room, topic: 'mine now' });
	await ann.request('room.join', { room });
	assert.equal(await roleOf(ann, room), 'member');
	await ann.refused('room.update', { room, topic: 'no more' }, 'forbidden');
	const { members } = await bob.request('room.members', { room });
	assert.deepEqual(members.filter(({ role }) => role === 'owner').map(({ id }) => id), [bob.user.id]);
});

test('an heir who is not there finds the room theirs when they come back', async (t) => {
	const ann = await person(t, 'Ann');
	const { token, user } = await command(server, 'account.create', { name: fresh('Bob'), password: PASSWORD });
	const { id: room } = await ann.request('room.create', { name: fresh('room') });
	await command(server, 'session.start', {}, { token });
	await command(server, 'room.join', { room }, { token });
	await ann.request('room.leave', { room });
	const bob = await clientFor(t, server, { token });
	assert.equal(bob.user.id, user.id);
	assert.deepEqual(bob.session.rooms.map(({ id, role }) => [id, role]), [[room, 'owner']]);
	await bob.request('room.update', { room, topic: 'mine' });
});
