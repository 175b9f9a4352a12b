// Everything that the real server sends satisfies the schemas: every command's reply, every event, hello, errors.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { assertSatisfies, schemas } from '../schema/schemas.mjs';
import { Client, fresh } from './lib/client.mjs';
import { request } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { receiver } from './lib/webhook_agent.mjs';

let server;
const seen = new Set(); // schemas that were needed
before(async () => {
	server = await startServer({ args: ['--limit-resume-events', '5', '--webhook-allow', '127.0.0.0/8', '--webhook-retry-ms', '50'] });
});
after(() => server.stop());

function check(schema, value) {
	seen.add(schema);
	assertSatisfies(schema, value);
}

// Sends a request and checks its form and its reply. Gives the reply's data.
async function ask(client, type, data = {}) {
	check('request.json', { type, ref: '1', data });
	check(`${type}.request.json`, data);
	const { message } = await client.request(type, data, { whole: true });
	check('ok.json', message);
	check(`${type}.reply.json`, message.data);
	return message.data;
}

function checkFrames(client) {
	for (const frame of client.frames) {
		const message = JSON.parse(frame);
		if (message.type === 'hello') {
			check('hello.json', message);
		} else if (message.type === 'error') {
			check('error.json', message);
		} else if (message.type !== 'ok') {
			check('type.event.json', message);
			check(`${message.type}.event.json`, message);
		}
	}
}

async function talk(owner, other, room) {
	await ask(other, 'room.join', { room });
	const client_id = crypto.randomUUID();
	const { seq } = await ask(owner, 'message.send', { room, text: 'one\ntwo "three" 😀', client_id });
	assert.equal((await ask(owner, 'message.send', { room, text: 'again', client_id })).duplicate, true);
	await ask(other, 'message.send', { room, text: 'an answer', reply_to: seq });
	const edit = { room, seq, text: 'one and two', client_id: crypto.randomUUID() };
	await ask(owner, 'message.edit', edit);
	assert.equal((await ask(owner, 'message.edit', edit)).duplicate, true);
	const { seq: extra } = await ask(other, 'message.send', { room, text: 'to be deleted' });
	await ask(other, 'message.delete', { room, seq: extra });
	assert.equal((await ask(owner, 'message.delete', { room, seq: extra })).duplicate, true);
	assert.equal((await ask(owner, 'history.read', { room })).changes.length, 2);
	await ask(other, 'typing.set', { room });
	await ask(other, 'signal.send', { room, name: 'cursor', data: { x: 0.25 } });
	await ask(other, 'signal.send', { room });
	await ask(other, 'command.list');
	await ask(other, 'command.run', { room, text: '/help' });
	await ask(other, 'command.run', { room, text: '/me waves', client_id: crypto.randomUUID() });
	await other.waitEvent('message.ephemeral');
	await ask(owner, 'room.update', { room, name: fresh('renamed'), topic: 'a topic' });
	for (const place of [{}, { before: 3 }, { after: 0, limit: 2 }, { around: 3, limit: 3 }]) {
		await ask(owner, 'history.read', { room, ...place });
	}
	await ask(owner, 'read.mark', { room, seq: seq + 1 });
	await ask(owner, 'room.members', { room, limit: 1 });
	await ask(owner, 'room.get', { room });
	await ask(owner, 'room.list');
	await ask(other, 'room.leave', { room });
	await ask(other, 'room.get', { room });
	return seq;
}

async function postByHooks(owner, room) {
	const { hook, url } = await ask(owner, 'hook.create', { room, name: fresh('hook') });
	const { url: next } = await ask(owner, 'hook.rotate', { hook: hook.id });
	assert.notEqual(next, url);
	assert.equal((await request(server, 'POST', next, { body: '{"text":"hooked","username":"Crane","icon_emoji":":boat:"}' })).text, 'ok');
	await owner.waitEvent((event) => event.data?.author?.id === hook.id);
	await ask(owner, 'hook.create', { room, name: fresh('hook'), secret: 'a secret', template: '{a.b}' });
	await ask(owner, 'hook.list', { room });
	await ask(owner, 'hook.delete', { hook: hook.id });
}

async function consume(owner, room) {
	const consumer = fresh('consumer');
	const { seq } = await ask(owner, 'message.send', { room, text: 'to a consumer' });
	await ask(owner, 'consumer.create', { name: consumer, filter: { types: ['message.*'], rooms: [room] }, from: 'start', ack_wait_ms: 100, max_tries: 1 });
	const { events } = await ask(owner, 'consumer.read', { consumer, limit: 2, worker: 'one' });
	assert.equal(events.length, 2);
	await ask(owner, 'consumer.ack', { consumer, deliveries: [events[0].delivery], cursors: { [room]: 0 } });
	await until(30000, 'an event to be set aside', async () => {
		await ask(owner, 'consumer.read', { consumer, wait_ms: 200 });
		return (await ask(owner, 'consumer.set_aside', { consumer })).events.length > 0;
	});
	await ask(owner, 'consumer.replay', { consumer });
	await ask(owner, 'consumer.seek', { consumer, room, seq });
	await ask(owner, 'consumer.update', { consumer, max_tries: 2 });
	await ask(owner, 'consumer.list');
	await ask(owner, 'consumer.delete', { consumer });
}

async function deliver(t, owner, room) {
	const webhook = fresh('webhook');
	let status = 500;
	const to = await receiver(t, (request, response) => response.writeHead(status).end('a reply'));
	await ask(owner, 'webhook.create', { name: webhook, url: to.url(), filter: { rooms: [room] }, order: 'any', from: 'end', headers: { 'X-A': 'b' } });
	for (let i = 0; i < 6; i++) {
		await ask(owner, 'message.send', { room, text: 'to a webhook' });
	}
	await owner.waitEvent('webhook.failing');
	await ask(owner, 'webhook.list');
	status = 200;
	await owner.waitEvent('webhook.recovered');
	await ask(owner, 'webhook.test', { webhook });
	const { deliveries } = await ask(owner, 'webhook.deliveries', { webhook, limit: 5 });
	await ask(owner, 'webhook.deliveries', { webhook, after: deliveries[0].delivery });
	await ask(owner, 'webhook.rotate_secret', { webhook });
	status = 410;
	await ask(owner, 'webhook.replay', { webhook, event: deliveries[0].event });
	await owner.waitEvent('webhook.disabled');
	await ask(owner, 'webhook.list');
	await ask(owner, 'webhook.update', { webhook, status: 'active', ca: '', order: 'per_room' });
	await ask(owner, 'webhook.replay', { webhook, room, from_seq: 1 });
	await ask(owner, 'webhook.delete', { webhook });
}

async function administrate(name, room) {
	const operator = await Client.connect(`ws+unix:${server.operatorSocket}:/ws`);
	await ask(operator, 'admin.owner', { name });
	await ask(operator, 'admin.account', { name: fresh('person'), password: 'a long password' });
	await ask(operator, 'admin.bot', { name: fresh('bot') });
	const forgetful = fresh('person'); // a new password ends the account's sessions
	await ask(operator, 'admin.owner', { name: forgetful, password: 'a first password' });
	await ask(operator, 'admin.password', { name: forgetful, password: 'another password' });
	await ask(operator, 'admin.export', { room, limit: 3 });
	await ask(operator, 'admin.backup', { path: join(server.dataDir, 'backup.db') });
	await ask(operator, 'admin.verify');
	await operator.close();
	checkFrames(operator);
}

// Whoever owns the server now.
async function readServerEvents(owner) {
	const consumer = fresh('consumer');
	await ask(owner, 'consumer.create', { name: consumer, from: 'start', filter: { server: true, types: ['user.*'] } });
	const { events } = await ask(owner, 'consumer.read', { consumer });
	events.forEach(({ event }) => check(`${event.type}.event.json`, event));
}

test('everything the server says satisfies its schema', async (t) => {
	const name = fresh('person');
	const door = await Client.connect(server);
	await ask(door, 'account.create', { name, password: 'a long password' });
	const { token } = await ask(door, 'account.login', { name, password: 'a long password' });
	await ask(door, 'session.start', { token });
	await ask(door, 'bot.create', { name: fresh('bot') });

	const second = await Client.start(server, { token });
	const guest = await Client.connect(server);
	const { user: gina } = await ask(guest, 'session.start', { guest: 'Gina' });
	const { id: room } = await ask(door, 'room.create', { name: fresh('room'), topic: 'first' });
	await second.waitEvent('room.added');
	const seq = await talk(door, guest, room);
	await postByHooks(door, room);
	await consume(door, room);
	await deliver(t, door, room);
	await second.waitEvent('read.marked');

	const late = await Client.connect(server);
	await ask(late, 'session.start', { token, resume: { [room]: 0 }, on_gap: 'skip' });
	await late.waitEvent('room.gap');
	await administrate(name, room);
	await readServerEvents(door);
	await ask(door, 'member.add', { room, user: gina.id });
	await ask(guest, 'history.read', { room });
	await ask(door, 'room.leave', { room });
	await guest.waitEvent('member.updated');
	await second.waitEvent('room.removed');

	await guest.refused('room.get', { room: 'nowhere' }, 'not_found');
	await guest.refused('message.send', { room, text: 7 }, 'invalid_request');
	await ask(guest, 'session.end');
	await ask(door, 'account.logout', { everywhere: true });
	for (const client of [door, second, guest, late]) {
		await client.waitClose();
		checkFrames(client);
	}
	assert.ok(seq > 0);
});

test('server.leaving satisfies its schema', async () => {
	const client = await Client.start(server, { guest: 'Last' });
	server.signal('SIGTERM');
	await client.waitClose();
	checkFrames(client);
});

test('no schema was left out', () => {
	const needed = schemas.filter((name) => !name.startsWith('type.') || name === 'type.event.json');
	assert.deepEqual(needed.filter((name) => !seen.has(name)), []);
});
