import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { command } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer({ args: ['--limit-account-sessions', '0'] });
});
after(() => server.stop());

async function twoOfOne(t) {
	const one = await clientFor(t, server, { guest: fresh('Both') });
	const two = await clientFor(t, server, { token: one.token });
	return { one, two };
}

test('a room made on one connection appears on the other with room.added, and its events follow', async (t) => {
	const { one, two } = await twoOfOne(t);
	const made = await one.request('room.create', { name: fresh('room') });
	const added = await two.waitEvent('room.added');
	assert.equal(added.room, made.id);
	assert.equal(added.data.id, made.id);
	assert.equal(added.data.role, 'owner');
	assert.equal(added.seq, undefined);
	await one.request('message.send', { room: made.id, text: 'for both' });
	assert.equal((await two.waitEvent('message.created')).data.text, 'for both');
	assert.ok(!one.events.some((event) => event.type === 'room.added'));
});

test('a room joined by POST appears on the WebSocket', async (t) => {
	const { one } = await twoOfOne(t);
	const owner = await clientFor(t, server, { guest: fresh('Owner') });
	const made = await owner.request('room.create', { name: fresh('room') });
	await command(server, 'room.join', { room: made.id }, { token: one.token });
	const added = await one.waitEvent('room.added');
	assert.equal(added.data.role, 'member');
	assert.equal(added.data.members, 2);
	await owner.request('message.send', { room: made.id, text: 'welcome' });
	await one.waitEvent('message.created');
});

test('leaving on one connection is room.removed on the other, and nothing more comes', async (t) => {
	const { one, two } = await twoOfOne(t);
	const owner = await clientFor(t, server, { guest: fresh('Owner') });
	const made = await owner.request('room.create', { name: fresh('room') });
	await one.request('room.join', { room: made.id });
	await two.waitEvent('room.added');
	await one.request('room.leave', { room: made.id });
	const removed = await two.waitEvent('room.removed');
	assert.equal(removed.room, made.id);
	await owner.request('message.send', { room: made.id, text: 'gone' });
	await one.settle();
	await two.settle();
	assert.deepEqual([...one.texts(made.id), ...two.texts(made.id)], []);
});

test('all connections of a user get all events of its rooms', async (t) => {
	const first = await clientFor(t, server, { guest: fresh('Many') });
	const room = (await first.request('room.create', { name: fresh('room') })).id;
	const others = [];
	for (let i = 0; i < 5; i++) {
		others.push(await clientFor(t, server, { token: first.token }));
	}
	for (let i = 0; i < 20; i++) {
		await others[i % 5].request('message.send', { room, text: `${i}` });
	}
	for (const client of [first, ...others]) {
		await client.waitSeq(room, 22);
		assert.equal(client.texts(room).length, 20);
	}
});

test('a connection that ends does not end the others', async (t) => {
	const { one, two } = await twoOfOne(t);
	one.terminate();
	await one.waitClose();
	await two.settle();
});

test('200 connections in one room all get every message in order', { timeout: 120000 }, async (t) => {
	const owner = await clientFor(t, server, { guest: fresh('Owner') });
	const room = (await owner.request('room.create', { name: fresh('room') })).id;
	const readers = [];
	for (let i = 0; i < 200; i += 20) {
		const batch = await Promise.all(Array.from({ length: 20 }, () => clientFor(t, server, { token: owner.token }, { keep: false })));
		readers.push(...batch);
	}
	let last = 0;
	for (let i = 0; i < 10; i++) {
		const sent = await Promise.all(Array.from({ length: 20 }, () => owner.request('message.send', { room, text: `${i}` })));
		last = Math.max(last, ...sent.map((answer) => answer.seq));
	}
	for (const reader of readers) {
		await reader.waitSeq(room, last);
		reader.assertOrdered();
		assert.equal(reader.nEvents, 200);
	}
});
