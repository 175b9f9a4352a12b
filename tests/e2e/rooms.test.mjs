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

test('room.create makes the caller owner and member of a public room by default', async (t) => {
	const client = await guest(t);
	const name = fresh('room');
	const room = await client.request('room.create', { name, topic: 'about it' });
	assert.match(room.id, /^[0-9a-f-]{36}$/);
	const { id, member, ...rest } = room;
	assert.notEqual(member, false);
	assert.deepEqual(rest, { name, kind: 'public', topic: 'about it', role: 'owner', last_seq: 2, read_seq: 2, messages: 0, read_messages: 0, unread: 0, members: 1 });
});

test('a new room\'s log begins with room.created and member.joined', async (t) => {
	const client = await guest(t);
	const name = fresh('room');
	const room = await client.request('room.create', { name, topic: 'T' });
	const { events } = await client.request('history.read', { room: room.id, after: 0 });
	assert.deepEqual(events.map((event) => [event.seq, event.type]), [[1, 'room.created'], [2, 'member.joined']]);
	const by = { id: client.user.id, name: client.user.name, kind: 'guest' };
	assert.deepEqual(events[0].data, { name, kind: 'public', topic: 'T', by });
	assert.deepEqual(events[1].data, { user: by, role: 'owner' });
});

test('a taken room name is refused, also in other letters', async (t) => {
	const client = await guest(t);
	const name = fresh('Größe');
	await client.request('room.create', { name });
	await client.refused('room.create', { name }, 'name_taken');
	await client.refused('room.create', { name: name.toUpperCase() }, 'name_taken');
	await client.refused('room.create', { name: `  ${name} ` }, 'name_taken');
	await client.refused('room.create', { name, kind: 'private' }, 'name_taken');
	await client.refused('room.create', { name: name.replace('e', '\u0435') }, 'name_taken'); // a Cyrillic one
});

test('a room is found by its id and by its name in any letters', async (t) => {
	const client = await guest(t);
	const name = fresh('Findable');
	const made = await client.request('room.create', { name });
	for (const room of [made.id, name, name.toUpperCase()]) {
		assert.equal((await client.request('room.get', { room })).room.id, made.id);
	}
});

test('bad room names are refused with the member\'s name', async (t) => {
	const client = await guest(t);
	for (const name of ['', '  ', 'a\u202eb', 'a\u200bb', 'x'.repeat(65), '00000000-0000-4000-8000-000000000000', 'a\ue000', `e${'\u0301'.repeat(9)}`]) {
		const error = await client.refused('room.create', { name });
		assert.ok(['invalid_request', 'too_large', 'invalid_json'].includes(error.code), error.message);
		assert.match(error.wireMessage, /name/);
	}
	await client.refused('room.create', { name: fresh('r'), kind: 'secret' }, 'invalid_request');
});

test('room.list shows public rooms and one\'s own private ones, in pages', async (t) => {
	const owner = await guest(t);
	const other = await guest(t);
	const prefix = fresh('listed');
	const made = [];
	for (let i = 0; i < 5; i++) {
		made.push((await owner.request('room.create', { name: `${prefix} ${i}`, kind: i === 3 ? 'private' : 'public' })).id);
	}
	const listAll = async (client) => {
		const rooms = [];
		let page;
		do {
			page = await client.request('room.list', { limit: 2, ...(page ? { after: page.rooms.at(-1).name } : {}) });
			assert.ok(page.rooms.length <= 2);
			rooms.push(...page.rooms);
		} while (page.more);
		return rooms.filter((room) => made.includes(room.id));
	};
	const own = await listAll(owner);
	assert.deepEqual(own.map((room) => room.id), made);
	assert.ok(own.every((room) => room.member === true && room.members === 1 && room.last_seq === 2));
	const seen = await listAll(other);
	assert.deepEqual(seen.map((room) => room.id), made.filter((id, i) => i !== 3));
	assert.ok(seen.every((room) => room.member === false));
});

test('room.get shows role and counts to members, and only the outside to others', async (t) => {
	const owner = await guest(t);
	const other = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	const own = (await owner.request('room.get', { room: made.id })).room;
	assert.equal(own.member, true);
	assert.equal(own.role, 'owner');
	assert.equal(own.unread, 0);
	const outside = (await other.request('room.get', { room: made.id })).room;
	assert.equal(outside.member, false);
	assert.equal(outside.role, undefined);
	assert.equal(outside.read_seq, undefined);
	assert.equal(outside.unread, undefined);
});

test('room.join makes a member, who gets what comes after, and everyone sees it', async (t) => {
	const owner = await guest(t);
	const joiner = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	const room = await joiner.request('room.join', { room: made.id });
	assert.equal(room.role, 'member');
	assert.equal(room.last_seq, 3);
	assert.equal(room.members, 2);
	assert.equal(room.unread, 0);
	const joined = await owner.waitEvent((event) => event.type === 'member.joined' && event.seq === 3);
	assert.deepEqual(joined.data, { user: { id: joiner.user.id, name: joiner.user.name, kind: 'guest' }, role: 'member' });
	await owner.request('message.send', { room: made.id, text: 'welcome' });
	const event = await joiner.waitEvent('message.created');
	assert.equal(event.data.text, 'welcome');
	assert.equal(event.seq, 4);
});

test('joining twice is fine and makes no second event', async (t) => {
	const owner = await guest(t);
	const joiner = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	await joiner.request('room.join', { room: made.id });
	const again = await joiner.request('room.join', { room: made.id });
	assert.equal(again.last_seq, 3);
	assert.equal(again.members, 2);
	assert.equal((await owner.request('room.join', { room: made.id })).role, 'owner');
});

test('room.leave ends the membership: an event for the others, no more events for the one', async (t) => {
	const owner = await guest(t);
	const leaver = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	await leaver.request('room.join', { room: made.id });
	const { seq } = await leaver.request('room.leave', { room: made.id });
	assert.equal(seq, 4);
	const left = await owner.waitEvent('member.left');
	assert.equal(left.seq, 4);
	assert.equal(left.data.user.id, leaver.user.id);
	await owner.request('message.send', { room: made.id, text: 'between us' });
	await owner.waitSeq(made.id, 5);
	await leaver.settle();
	assert.deepEqual(leaver.texts(made.id), []);
	await leaver.refused('history.read', { room: made.id }, 'forbidden');
	await leaver.refused('message.send', { room: made.id, text: 'hello?' }, 'forbidden');
	await leaver.refused('room.leave', { room: made.id });
});

test('one who left may join again and go on', async (t) => {
	const owner = await guest(t);
	const client = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	await client.request('room.join', { room: made.id });
	await client.request('room.leave', { room: made.id });
	client.last.delete(made.id);
	const room = await client.request('room.join', { room: made.id });
	assert.equal(room.last_seq, 5);
	await owner.request('message.send', { room: made.id, text: 'back again' });
	assert.equal((await client.waitEvent('message.created')).seq, 6);
});

test('room.members lists everyone in pages', async (t) => {
	const owner = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	const ids = new Set([owner.user.id]);
	for (let i = 0; i < 4; i++) {
		const client = await guest(t);
		await client.request('room.join', { room: made.id });
		ids.add(client.user.id);
	}
	const members = [];
	let page;
	do {
		page = await owner.request('room.members', { room: made.id, limit: 2, ...(page ? { after: page.members.at(-1).id } : {}) });
		members.push(...page.members);
	} while (page.more);
	assert.equal(members.length, 5);
	assert.deepEqual(new Set(members.map((member) => member.id)), ids);
	const own = members.find((member) => member.id === owner.user.id);
	assert.deepEqual(own, { id: owner.user.id, name: owner.user.name, kind: 'guest', role: 'owner' });
});

test('room.update by the owner changes name and topic with one event, and the new name finds the room', async (t) => {
	const owner = await guest(t);
	const member = await guest(t);
	const made = await owner.request('room.create', { name: fresh('before') });
	await member.request('room.join', { room: made.id });
	const name = fresh('after');
	const { seq } = await owner.request('room.update', { room: made.id, name, topic: 'new topic' });
	assert.equal(seq, 4);
	const event = await member.waitEvent('room.updated');
	assert.equal(event.seq, 4);
	assert.equal(event.data.name, name);
	assert.equal(event.data.topic, 'new topic');
	assert.equal(event.data.by.id, owner.user.id);
	const found = (await member.request('room.get', { room: name })).room;
	assert.equal(found.id, made.id);
	assert.equal(found.topic, 'new topic');
	await member.refused('room.get', { room: made.name }, 'not_found');
	await member.request('room.create', { name: made.name }); // the old name is free
});

test('room.update needs the owner, something to change, and a free name', async (t) => {
	const owner = await guest(t);
	const member = await guest(t);
	const made = await owner.request('room.create', { name: fresh('room') });
	const other = await owner.request('room.create', { name: fresh('other') });
	await member.request('room.join', { room: made.id });
	await member.refused('room.update', { room: made.id, topic: 'mine' }, 'forbidden');
	await owner.refused('room.update', { room: made.id }, 'invalid_request');
	await owner.refused('room.update', { room: made.id, name: other.name.toUpperCase() }, 'name_taken');
	await owner.request('room.update', { room: made.id, name: made.name.toUpperCase() }); // its own name in other letters
	const error = await owner.refused('room.update', { room: made.id, topic: 'x'.repeat(501) });
	assert.match(error.wireMessage, /topic/);
});

test('a private room is invisible: every command answers the same as for no room', async (t) => {
	const owner = await guest(t);
	const stranger = await guest(t);
	const secret = await owner.request('room.create', { name: fresh('secret'), kind: 'private' });
	assert.equal(secret.kind, 'private');
	const absent = '11111111-2222-4333-8444-555555555555';
	const commands = {
		'room.get': {}, 'room.join': {}, 'room.leave': {}, 'room.members': {}, 'room.update': { topic: 't' }, 'message.send': { text: 'x' },
		'history.read': {}, 'read.mark': { seq: 1 }, 'typing.set': {}, 'signal.send': { name: 'n' },
	};
	for (const [type, data] of Object.entries(commands)) {
		for (const [room, nothing] of [[secret.id, absent], [secret.name, `${secret.name} not`]]) {
			const there = await stranger.refused(type, { room, ...data }, 'not_found');
			const notThere = await stranger.refused(type, { room: nothing, ...data }, 'not_found');
			assert.deepEqual(there.data, notThere.data, type);
		}
	}
	await owner.request('room.join', { room: secret.id });
	assert.equal((await owner.request('room.get', { room: secret.id })).room.kind, 'private');
});

test('the name of a private room does not show: others may use it, and each means their own', async (t) => {
	const owner = await guest(t);
	const stranger = await guest(t);
	const other = await guest(t);
	const name = fresh('plans');
	const secret = await owner.request('room.create', { name, kind: 'private' });
	const theirs = await stranger.request('room.create', { name, kind: 'private' });
	const open = await other.request('room.create', { name });
	assert.equal(new Set([secret.id, theirs.id, open.id]).size, 3);
	for (const [client, id] of [[owner, secret.id], [stranger, theirs.id], [other, open.id]]) {
		assert.equal((await client.request('room.get', { room: name })).room.id, id);
	}
	await owner.request('room.join', { room: open.id });
	assert.equal((await owner.request('message.send', { room: name, text: 'for the private one' })).room, secret.id);
	await owner.refused('room.create', { name }, 'name_taken');
	const { rooms } = await owner.request('room.list', { after: name.slice(0, -1), limit: 1 });
	assert.deepEqual(new Set(rooms.map(({ id }) => id)), new Set([secret.id, open.id])); // one page, or the next would miss one
});

test('a user may not be in more rooms than the limit', async (t) => {
	const small = await startServer({ args: ['--limit-user-rooms', '2'] });
	t.after(() => small.stop());
	const client = await clientFor(t, small, { guest: 'Collector' });
	await client.request('room.create', { name: 'one' });
	const two = await client.request('room.create', { name: 'two' });
	await client.refused('room.create', { name: 'three' }, 'limit_reached');
	await client.request('room.leave', { room: two.id });
	await client.request('room.create', { name: 'three' });
});

test('rooms that are being joined or made count as well', async (t) => {
	const small = await startServer({ args: ['--limit-user-rooms', '3'] });
	t.after(() => small.stop());
	const owners = await Promise.all(['A', 'B'].map((guest) => clientFor(t, small, { guest })));
	const rooms = await Promise.all(['r1', 'r2', 'r3', 'r4'].map((name, i) => owners[i % 2].request('room.create', { name })));
	const client = await clientFor(t, small, { guest: 'Collector' });
	const asked = [...rooms.map((room) => client.request('room.join', { room: room.id })),
		...['n1', 'n2'].map((name) => client.request('room.create', { name }))];
	const outcomes = await Promise.allSettled(asked);
	assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
	for (const { reason } of outcomes.filter(({ status }) => status === 'rejected'))
		assert.equal(reason.code, 'limit_reached', String(reason));
	const again = await clientFor(t, small, { token: client.token });
	assert.equal(again.session.rooms.length, 3);
});

test('rooms, topics and memberships are there after a restart', async (t) => {
	const first = await startServer();
	const owner = await clientFor(t, first, { guest: 'Owner' });
	const made = await owner.request('room.create', { name: 'lasting', topic: 'old' });
	await owner.request('room.update', { room: made.id, topic: 'new' });
	await owner.waitSeq(made.id, 3);
	await owner.close();
	await first.stop();
	const second = await startServer({ dataDir: first.dataDir });
	t.after(() => second.stop());
	const again = await clientFor(t, second, { token: owner.token });
	assert.deepEqual(again.session.rooms, [{ ...made, topic: 'new', last_seq: 3 }].map((room) => ({ ...room, read_seq: again.session.rooms[0].read_seq })));
	await again.refused('room.create', { name: 'LASTING' }, 'name_taken');
});
