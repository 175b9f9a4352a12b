// Who owns a room, and what the server's owner may do in rooms of others.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { run, serverFor, startServer } from './lib/server.mjs';

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

test('a guest who signs out leaves every room, and what they owned passes on', async (t) => {
	const [gus, ann] = [await guest(t, 'Gus'), await person(t, 'Ann')];
	const { id: room } = await gus.request('room.create', { name: fresh('room') });
	await ann.request('room.join', { room });
	await gus.request('account.logout');
	const left = await ann.waitEvent('member.left');
	assert.equal(left.data.user.id, gus.user.id);
	assert.equal((await ann.waitEvent('member.updated')).data.user.id, ann.user.id);
	assert.equal((await ann.request('room.get', { room })).room.members, 1);
	assert.deepEqual((await ann.request('room.members', { room })).members.map(({ id }) => id), [ann.user.id]);
	await ann.refused('member.add', { room, user: gus.user.id }, 'not_found');
});

test('a room that a guest makes while signing out is not made', async (t) => {
	const [gus, ann] = [await guest(t, 'Gus'), await person(t, 'Ann')];
	const name = fresh('haunted');
	const out = gus.request('account.logout');
	await gus.request('room.create', { name }).catch(() => {}); // refused, or the connection is closed before the answer
	await out;
	await ann.refused('room.get', { room: name }, 'not_found');
});

test('an account that signs out stays in its rooms', async (t) => {
	const [ann, bob] = [await person(t, 'Ann'), await person(t, 'Bob')];
	const { id: room } = await ann.request('room.create', { name: fresh('room') });
	await bob.request('room.join', { room });
	await bob.request('account.logout', { everywhere: true });
	const gus = await guest(t, 'Gus');
	await gus.request('room.join', { room });
	await gus.request('account.logout');
	assert.equal((await ann.waitEvent('member.left')).data.user.id, gus.user.id); /* by then bob had left, if he did */
	assert.equal((await ann.request('room.get', { room })).room.members, 2);
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

// The server's owner, made once.
let ownerToken;
async function serverOwner(t) {
	if (!ownerToken) {
		const name = fresh('Owner');
		ownerToken = (await command(server, 'account.create', { name, password: PASSWORD })).token;
		const made = await run(clientBinary, ['admin', '--data', server.dataDir, 'owner', name, '--promote']);
		assert.equal(made.code, 0, made.stderr);
	}
	return clientFor(t, server, { token: ownerToken });
}

test('the server\'s owner changes rooms without being in them, private ones too', async (t) => {
	const [owner, ann] = [await serverOwner(t), await person(t, 'Ann')];
	for (const kind of ['public', 'private']) {
		const name = fresh(kind);
		const { id: room } = await ann.request('room.create', { name, kind });
		assert.equal((await owner.request('room.get', { room: name })).room.id, room);
		await owner.request('room.update', { room, topic: `looked after, ${kind}` });
		const event = await ann.waitEvent(({ type, room: where }) => type === 'room.updated' && where === room);
		assert.equal(event.data.by.id, owner.user.id);
		assert.equal((await owner.request('room.get', { room })).room.member, false);
	}
});

test('what is said in a private room, and who is in it, the server\'s owner sees as a member only', async (t) => {
	const [owner, ann] = [await serverOwner(t), await person(t, 'Ann')];
	const { id: room } = await ann.request('room.create', { name: fresh('private'), kind: 'private' });
	await ann.request('message.send', { room, text: 'between us' });
	for (const type of ['history.read', 'room.members', 'read.mark', 'message.send', 'room.leave']) {
		await owner.refused(type, { room, seq: 1, text: 'x' }, 'forbidden');
	}
	await owner.request('room.join', { room });
	const joined = await ann.waitEvent(({ type, data }) => type === 'member.joined' && data.user.id === owner.user.id);
	assert.equal(joined.data.role, 'member');
	assert.ok((await owner.request('history.read', { room })).events.some(({ data }) => data.text === 'between us'));
});

test('the server\'s owner lists every room, and nobody else does', async (t) => {
	const [owner, ann] = [await serverOwner(t), await person(t, 'Ann')];
	const names = [];
	for (const kind of ['public', 'private', 'private', 'public']) {
		names.push(fresh(`listed ${kind}`));
		await ann.request('room.create', { name: names.at(-1), kind });
	}
	await ann.refused('room.list', { all: true }, 'forbidden');
	const listed = [];
	for (let page = { more: true }; page.more;) {
		page = await owner.request('room.list', { all: true, limit: 2, ...(page.rooms && { after: page.rooms.at(-1).id }) });
		assert.ok(page.rooms.length <= 2);
		listed.push(...page.rooms.map(({ name }) => name));
	}
	const none = await owner.refused('room.list', { all: true, after: owner.user.id }, 'not_found');
	assert.equal(none.field, 'after');
	assert.equal(new Set(listed).size, listed.length);
	assert.deepEqual(listed.filter((name) => names.includes(name)), [...names].sort());
	const own = await owner.request('room.list', { limit: 200 });
	assert.ok(!own.rooms.some(({ name }) => name === names[1]), 'private rooms of others are in no other list');
});

test('to everybody else a private room does not show, for changing and adding too', async (t) => {
	const [ann, eve] = [await person(t, 'Ann'), await person(t, 'Eve')];
	const { id: room } = await ann.request('room.create', { name: fresh('private'), kind: 'private' });
	const nowhere = '00000000-0000-4000-8000-000000000001';
	for (const [type, data] of [['room.update', { topic: 'x' }], ['member.add', { user: eve.user.name }], ['member.add', { user: 'nobody at all' }]]) {
		const there = await eve.refused(type, { room, ...data }, 'not_found');
		const none = await eve.refused(type, { room: nowhere, ...data }, 'not_found');
		assert.equal(there.wireMessage, none.wireMessage);
	}
});

test('member.add lets somebody into a private room, who is there at once', async (t) => {
	const [ann, bob] = [await person(t, 'Ann'), await person(t, 'Bob')];
	const { id: room, name } = await ann.request('room.create', { name: fresh('private'), kind: 'private' });
	await ann.request('message.send', { room, text: 'before' });
	const who = { id: bob.user.id, name: bob.user.name, kind: 'person' };
	assert.deepEqual(await ann.request('member.add', { room, user: bob.user.name.toUpperCase() }), { user: who, role: 'member' });
	const added = await bob.waitEvent('room.added');
	assert.deepEqual([added.data.name, added.data.role, added.data.unread], [name, 'member', 0]);
	const joined = await ann.waitEvent(({ type, data }) => type === 'member.joined' && data.user.id === bob.user.id);
	assert.deepEqual(joined.data, { user: who, role: 'member', by: { id: ann.user.id, name: ann.user.name, kind: 'person' } });
	await ann.request('message.send', { room, text: 'after' });
	await bob.waitEvent(({ data }) => data.text === 'after');
	assert.equal((await bob.request('history.read', { room })).events.find(({ type }) => type === 'message.created').data.text, 'before');
	const { seq } = joined;
	assert.deepEqual(await ann.request('member.add', { room, user: bob.user.id }), { user: who, role: 'member' });
	assert.equal((await ann.request('room.get', { room })).room.last_seq, seq + 1, 'a member is not added again');
	assert.equal((await ann.request('room.get', { room })).room.members, 2);
});

test('who is not there when added finds the room at the next sign-in', async (t) => {
	const ann = await person(t, 'Ann');
	const name = fresh('Away');
	const { token } = await command(server, 'account.create', { name, password: PASSWORD });
	const { id: room } = await ann.request('room.create', { name: fresh('private'), kind: 'private' });
	await ann.request('member.add', { room, user: name });
	const away = await clientFor(t, server, { token });
	assert.deepEqual(away.session.rooms.map(({ id }) => id), [room]);
	await ann.request('message.send', { room, text: 'hello' });
	await away.waitEvent(({ data }) => data.text === 'hello');
});

test('only who owns a room adds to it, and the server\'s owner', async (t) => {
	const [ann, bob, gus, owner] = [await person(t, 'Ann'), await person(t, 'Bob'), await guest(t, 'Gus'), await serverOwner(t)];
	const { id: room } = await ann.request('room.create', { name: fresh('room') });
	await bob.refused('member.add', { room, user: gus.user.id }, 'forbidden');
	await bob.request('room.join', { room });
	for (const user of [gus.user.id, 'nobody at all']) {
		await bob.refused('member.add', { room, user }, 'forbidden');
	}
	await owner.request('member.add', { room, user: gus.user.id });
	assert.equal((await gus.waitEvent('room.added')).room, room);
});

test('a guest is added by id, since names of guests are not unique', async (t) => {
	const [ann, gus] = [await person(t, 'Ann'), await guest(t, 'Gus')];
	const { id: room } = await ann.request('room.create', { name: fresh('private'), kind: 'private' });
	const refusal = await ann.refused('member.add', { room, user: gus.user.name }, 'not_found');
	assert.match(refusal.wireMessage, /^there is no account with this name/);
	await ann.refused('member.add', { room, user: '\u202e' }, 'not_found');
	assert.equal((await ann.request('member.add', { room, user: gus.user.id })).user.kind, 'guest');
});

test('member.add puts nobody into more rooms than three quarters of user_rooms', async (t) => {
	const small = await serverFor(t, { args: ['--limit-user-rooms', '4'] });
	const [ann, bob] = [await clientFor(t, small, { guest: 'Ann' }), await clientFor(t, small, { guest: 'Bob' })];
	const rooms = [];
	for (const client of [ann, ann, bob, bob]) {
		rooms.push((await client.request('room.create', { name: fresh('room') })).id);
	}
	const answers = await Promise.allSettled(rooms.slice(0, 2).map((room) => ann.request('member.add', { room, user: bob.user.id })));
	assert.deepEqual(answers.map(({ status, reason }) => reason?.code ?? status).sort(), ['fulfilled', 'limit_reached']);
	const { reason } = answers.find(({ status }) => status === 'rejected');
	assert.equal(reason.field, 'user', 'it is not the limit of the user who asked');
	assert.match(reason.wireMessage, /^who would be added is in as many rooms as others may/);
	await bob.request('room.create', { name: fresh('of his own') });
});

test('people added count among the rooms that an account may make in a minute', async (t) => {
	const strict = await serverFor(t, { args: ['--limit-account-rooms', '3'] });
	const ann = await clientFor(t, strict, { guest: 'Ann' });
	const { id: room } = await ann.request('room.create', { name: fresh('room') });
	for (let i = 0; i < 2; i++) {
		await ann.refused('member.add', { room, user: 'nobody' }, 'not_found');
	}
	const refusal = await ann.refused('member.add', { room, user: 'nobody' }, 'rate_limited');
	assert.ok(refusal.retryAfterMs > 0 || refusal.data?.retry_after_ms > 0);
});
