// What people type with a slash: command.run does it by the rights of whoever typed it, and only they see what it says. A message is never taken for a command.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, clientFor, closeAll, fresh, roomOf } from './lib/client.mjs';
import { EventStream, command } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

async function pair(t) {
	const { room, clients } = await roomOf(server, fresh('room'), 2);
	t.after(() => closeAll(clients));
	const type = (client, text, more = {}) => client.request('command.run', { room: room.id, text, ...more });
	const refused = (client, text, code) => client.refused('command.run', { room: room.id, text }, code);
	return { room: room.id, owner: clients[0], other: clients[1], type, refused };
}

const asides = (client) => client.events.filter((event) => event.type === 'message.ephemeral');

test('/me sends a message that goes on from its author\'s name, once for a client_id', async (t) => {
	const { room, owner, other, type } = await pair(t);
	const client_id = crypto.randomUUID();
	const { ran, reply } = await type(owner, '/me  waves \n', { client_id });
	assert.equal(ran, 'message.send');
	assert.equal(reply.room, room);
	const { data, seq } = await other.waitEvent('message.created');
	assert.deepEqual(data, { author: { id: owner.user.id, name: owner.user.name, kind: 'guest' }, text: 'waves', client_id, style: 'action' });
	assert.equal(seq, reply.seq);
	const again = await type(owner, '/me waves', { client_id });
	assert.deepEqual(again.reply, { ...reply, duplicate: true });
	await type(other, '/ME answers', { reply_to: seq });
	const answer = await owner.waitEvent((event) => event.type === 'message.created' && event.data.text === 'answers');
	assert.equal(answer.data.reply_to, seq);
});

test('message.send takes a style, and tells it only where it is not plain', async (t) => {
	const { room, owner, other } = await pair(t);
	await owner.request('message.send', { room, text: 'one', style: 'plain' });
	await owner.request('message.send', { room, text: 'two', style: 'action' });
	await owner.refused('message.send', { room, text: 'three', style: 'loud' }, 'invalid_request');
	const two = await other.waitEvent((event) => event.data.text === 'two');
	assert.equal(two.data.style, 'action');
	assert.ok(!('style' in other.events.find((event) => event.data.text === 'one').data));
});

test('message.send never takes a text for a command', async (t) => {
	const { room, owner, other } = await pair(t);
	const texts = ['/etc/passwd', '/topic not a topic', '/nothing', '//x', '/'];
	for (const text of texts) {
		await owner.request('message.send', { room, text });
	}
	await other.waitFor('the texts', () => other.texts(room).length === texts.length);
	assert.deepEqual(other.texts(room), texts);
	assert.equal((await owner.request('room.get', { room })).room.topic, '');
});

test('/topic and /rename are for the room\'s owner', async (t) => {
	const { room, owner, other, type, refused } = await pair(t);
	const name = fresh('renamed');
	assert.match((await refused(other, '/topic mine', 'forbidden')).wireMessage, /owner/);
	await refused(other, `/rename ${name}`, 'forbidden');
	assert.deepEqual(await type(owner, '/topic Come "in"\tnow'), { ran: 'room.update', reply: { seq: 4 } });
	assert.deepEqual(await type(owner, `/rename ${name}`), { ran: 'room.update', reply: { seq: 5 } });
	await other.waitSeq(room, 5);
	const found = (await other.request('room.get', { room: name })).room;
	assert.deepEqual([found.id, found.topic], [room, 'Come "in"\tnow']);
	await refused(owner, `/topic ${'t'.repeat(501)}`, 'too_large');
});

test('what a command says is seen on every connection of the account that follows the room, by nobody else, and is not kept', async (t) => {
	const { room, owner, other, type } = await pair(t);
	const tabs = [await clientFor(t, server, { token: owner.token }), await clientFor(t, server, { token: owner.token })];
	assert.deepEqual(await type(owner, '/topic'), {});
	for (const client of [owner, ...tabs]) {
		const event = await client.waitEvent('message.ephemeral');
		assert.deepEqual([event.room, event.data], [room, { text: 'This room has no topic.', command: 'topic' }]);
		assert.ok(!('seq' in event) && !('id' in event));
	}
	await type(owner, '/topic Tea');
	await type(owner, '/topic');
	await tabs[1].waitEvent((event) => event.type === 'message.ephemeral' && event.data.text === 'The topic is: Tea');
	const { seq } = await other.request('message.send', { room, text: 'behind it all' });
	await other.waitSeq(room, seq);
	await other.settle();
	assert.deepEqual(asides(other), []);
	const { events } = await owner.request('history.read', { room, after: 0 });
	assert.deepEqual(events.map((event) => event.type), ['room.created', 'member.joined', 'member.joined', 'room.updated', 'message.created']);
});

test('an event stream gets what is said in its own rooms', async (t) => {
	const { room, owner, type } = await pair(t);
	const own = await owner.request('room.create', { name: fresh('other') });
	const stream = await EventStream.open(server, `room=${room}`, { token: owner.token });
	t.after(() => stream.close());
	await stream.waitFor('its first id', () => stream.text.includes('id:'));
	await owner.request('command.run', { room: own.id, text: '/help' });
	await owner.waitEvent('message.ephemeral');
	await type(owner, '/topic');
	await stream.waitFor('what is said', () => stream.events.length > 0);
	assert.deepEqual(stream.events.map(({ event, data }) => [event, data.data.text]), [['message.ephemeral', 'This room has no topic.']]);
});

test('/help names every command of command.list', async (t) => {
	const { owner, other, type } = await pair(t);
	const { commands } = await other.request('command.list');
	assert.deepEqual(commands.map(({ name }) => name), ['help', 'invite', 'leave', 'me', 'rename', 'shrug', 'topic']);
	await type(owner, '/help');
	const { data } = await owner.waitEvent('message.ephemeral');
	assert.deepEqual(data.text.split('\n'), commands.map(({ usage, description }) => `\`${usage}\` – ${description}`));
	const stranger = await Client.connect(server);
	await stranger.refused('command.list', {}, 'unauthenticated');
	await stranger.close();
});

test('/invite adds somebody by name, with the sign of a mention or without', async (t) => {
	const { room, owner, other, type, refused } = await pair(t);
	for (const sign of ['', '@']) {
		const name = fresh('invited');
		const { token } = await command(server, 'account.create', { name, password: 'a long password' });
		const invited = await clientFor(t, server, { token });
		await refused(other, `/invite ${sign}${name}`, 'forbidden');
		const { ran, reply } = await type(owner, `/invite ${sign}${name}`);
		assert.deepEqual([ran, reply.user.name], ['member.add', name]);
		assert.equal((await invited.waitEvent('room.added')).room, room);
	}
	const error = await refused(owner, '/invite nobody at all', 'not_found');
	assert.equal(error.field, 'user');
});

test('/leave ends the membership, and the reply tells that it did', async (t) => {
	const { room, owner, other, type, refused } = await pair(t);
	assert.match((await refused(other, '/leave now', 'invalid_request')).wireMessage, /\/leave/);
	assert.deepEqual(await type(other, '/leave'), { ran: 'room.leave', reply: { seq: 4 } });
	await owner.waitEvent('member.left');
	await refused(other, '/help', 'forbidden');
	await other.refused('message.send', { room, text: 'still here' }, 'forbidden');
});

test('/shrug sends a shrug, behind a text or alone, within the limit of a text', async (t) => {
	const { room, owner, other, type, refused } = await pair(t);
	await type(owner, '/shrug');
	await type(owner, '/shrug who knows');
	await other.waitFor('both', () => other.texts(room).length === 2);
	assert.deepEqual(other.texts(room), ['¯\\_(ツ)_/¯', 'who knows ¯\\_(ツ)_/¯']);
	await refused(owner, `/shrug ${'x'.repeat(7990)}`, 'too_large');
});

test('an unknown command is refused, with the one that was probably meant', async (t) => {
	const { owner, refused } = await pair(t);
	for (const [typed, meant] of [['/tpoic x', 'topic'], ['/TOPPIC', 'topic'], ['/to', 'topic'], ['/em waves', 'me'], ['/leav', 'leave'], ['/halp', 'help']]) {
		const error = await refused(owner, typed, 'not_found');
		assert.equal(error.field, 'text');
		assert.match(error.wireMessage, new RegExp(`did you mean /${meant}\\?`), typed);
	}
	for (const typed of ['/deploy', '/x', `/${'n'.repeat(32)}`]) {
		assert.match((await refused(owner, typed, 'not_found')).wireMessage, /\/help/, typed);
	}
});

test('what is no command, or lacks what it needs, is refused', async (t) => {
	const { owner, refused } = await pair(t);
	for (const text of ['topic', ' /topic', '/', '/ topic', '//topic', '/etc/passwd', '/1', '/-x', '/é', '/topic\u00a0x', `/${'n'.repeat(33)}`]) {
		const error = await refused(owner, text, 'invalid_request');
		assert.equal(error.field, 'text', text);
	}
	for (const text of ['/me', '/me \t\n', '/rename', '/invite ']) {
		assert.match((await refused(owner, text, 'invalid_request')).wireMessage, /type it as \/\w+ [A-Z]+/, text);
	}
	await owner.refused('command.run', { room: 'nowhere', text: '/help' }, 'not_found');
});

test('command.run is for members, and takes a reference of any kind', async (t) => {
	const { room, owner } = await pair(t);
	const { owner: stranger } = await pair(t);
	await stranger.refused('command.run', { room, text: '/topic' }, 'forbidden');
	for (const ref of [12, 'r'.repeat(64)]) {
		owner.send({ type: 'command.run', ref, data: { room, text: '/me counts' } });
		const reply = await owner.waitMessage((message) => message.ref === ref);
		assert.equal(reply.data.ran, 'message.send');
	}
});
