// A backup is restored and the rooms grow past the places of the clients. No client may take new events for events that it has seen.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import WebSocket from 'ws';
import { startBot } from '../../protocol/examples/bots/echo-bot.mjs';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { EventStream, command } from './lib/http.mjs';
import { Proxy } from './lib/proxy.mjs';
import { keepRunning, run, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

globalThis.WebSocket ??= WebSocket; // node has one of its own from 22 on

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const ROOMS = 2;

// What clients know when the server goes: `then`. The server that comes back from the backup, and what its rooms hold now.
const was = {};
const ends = [];
let server, rooms, token, tail, proxy;
const handled = []; // by the bot

async function sayUpTo(target, texts, last) {
	for (const room of rooms) {
		for (let seq = 0; seq < last;) {
			({ seq } = await command(target, 'message.send', { room, text: `${texts} ${fresh('n')}` }, { token }));
		}
	}
}

async function backUp(target) {
	const copy = join(temporaryDir(), 'copy.db');
	const backup = await run(clientBinary, ['admin', '--data', target.dataDir, 'backup', copy]);
	assert.equal(backup.code, 0, backup.stderr);
	return copy;
}

// Ends the server and starts one on its port from the copy.
async function restoreFrom(copy, old) {
	const { port } = old;
	await old.kill(); // not stop(): it would wait for a client that stands still
	const dataDir = join(temporaryDir(), 'restored');
	mkdirSync(dataDir, { mode: 0o700 });
	copyFileSync(copy, join(dataDir, 'parley.db'));
	return startServer({ dataDir, port });
}

before(async () => {
	const old = await startServer({ dataDir: temporaryDir() });
	token = (await command(old, 'session.start', { guest: fresh('Writer') })).token;
	rooms = [];
	for (let i = 0; i < ROOMS; i++) {
		rooms.push((await command(old, 'room.create', { name: fresh('room') }, { token })).id);
	}
	tail = keepRunning({ after: (end) => ends.push(end) }, clientBinary, ['--server', old.url, '--guest', fresh('Tail'), 'tail', rooms[0], '--after', '0', '--json']);
	await tail.says('member.joined');
	proxy = await Proxy.start(old.port);
	ends.push(() => proxy.close());
	const listening = new Promise((resolve) => {
		const url = `${proxy.url.replace(/^http/, 'ws')}/ws`;
		ends.push(startBot({ url, room: rooms[0], guest: fresh('Bot'), onMessage: ({ seq }) => handled.push(seq), log: resolve }));
	});
	assert.match(await listening, /^listening/);
	const stream = await EventStream.open(old, rooms.map((room) => `room=${room}`).join('&'), { token });
	await sayUpTo(old, 'kept', 100);
	const copy = await backUp(old);
	await sayUpTo(old, 'lost', 150);
	was.epoch = (await command(old, 'session.start', { token })).epoch;
	await stream.waitFor('all of it', () => rooms.every((room) => stream.events.some((e) => e.data.room === room && e.data.seq === 150)));
	was.id = stream.events.at(-1).id;
	await tail.says('"seq":150');
	await until(30000, 'the bot to have it', () => handled.at(-1) === 150);
	tail.child.kill('SIGSTOP');
	proxy.targetPort = 1; // nobody there
	proxy.resetAll();
	server = await restoreFrom(copy, old);
	await sayUpTo(server, 'new', 160);
});
after(async () => {
	await Promise.all(ends.map((end) => end()));
	await server?.stop();
});

const resume = () => Object.fromEntries(rooms.map((room) => [room, 150]));

// The room's last 50 events, as the log has them.
async function newestPage(room) {
	const { events, last_seq: last } = await command(server, 'history.read', { room, limit: 50 }, { token });
	assert.equal(last, 160);
	assert.deepEqual(events.map((event) => event.seq), range(111, 160));
	return events;
}

// Of each room first the gap, then exactly the newest page.
async function assertStartedAnew(events) {
	for (const room of rooms) {
		const [gap, ...page] = events.filter((event) => event.room === room);
		assert.deepEqual([gap.type, gap.data], ['room.gap', { from: 1, to: 110, reason: 'restored' }]);
		assert.deepEqual(page, await newestPage(room));
	}
}

const lastIsHere = (events) => rooms.every((room) => events.some((event) => event.room === room && event.seq === 160));

test('a WebSocket that names its epoch gets room.gap and the newest page', async (t) => {
	for (const on_gap of ['replay', 'skip']) {
		const client = await clientFor(t, server, { token, epoch: was.epoch, resume: resume(), on_gap });
		assert.notEqual(client.session.epoch, was.epoch);
		await client.waitFor('the newest events', () => lastIsHere(client.events));
		await client.settle();
		await assertStartedAnew(client.events);
		await client.close();
		const again = await clientFor(t, server, { token, epoch: client.session.epoch, resume: { [rooms[0]]: 158 } });
		await again.waitSeq(rooms[0], 160);
		assert.deepEqual(again.events.map((event) => event.seq), [159, 160]);
	}
});

test('one that names no epoch is served from its cursor', async (t) => {
	const client = await clientFor(t, server, { token, resume: { [rooms[0]]: 150 } });
	await client.waitSeq(rooms[0], 160);
	assert.deepEqual(client.events.map((event) => event.seq), range(151, 160));
});

test('an event stream goes on from an id of the old epoch with room.gap and the newest page', async (t) => {
	const query = rooms.map((room) => `room=${room}`).join('&');
	for (const how of [{ lastEventId: was.id }, { after: was.id }]) {
		const stream = await EventStream.open(server, how.after ? `${query}&after=${how.after}` : query, { token, ...how });
		t.after(() => stream.close());
		await stream.waitFor('the newest events', () => lastIsHere(stream.events.map((event) => event.data)));
		await assertStartedAnew(stream.events.map((event) => event.data));
	}
});

test('an id without an epoch is still taken', async (t) => {
	const stream = await EventStream.open(server, `room=${rooms[0]}`, { token, lastEventId: `${rooms[0]}:158` });
	t.after(() => stream.close());
	await stream.waitEvents(2);
	assert.deepEqual(stream.events.map((event) => event.data.seq), [159, 160]);
});

test('parley tail tells of it and prints the newest page', async () => {
	tail.child.kill('SIGCONT');
	await tail.says('"seq":160');
	const lines = tail.lines().map((line) => JSON.parse(line)).filter((event) => event.seq || event.type === 'room.gap');
	assert.deepEqual(lines.slice(0, 150).map((event) => event.seq), range(1, 150));
	assert.deepEqual(lines[150].data, { from: 1, to: 110, reason: 'restored' });
	assert.deepEqual(lines.slice(151), await newestPage(rooms[0]));
});

test('the bot in JavaScript goes on with the newest page', async () => {
	const before = handled.length;
	proxy.targetPort = server.port;
	await until(30000, 'the bot to be back', () => handled.length > before && handled.at(-1) === 160);
	assert.deepEqual(handled.slice(before), range(111, 160));
});

test('who joined after the backup joins again, or says so and ends', async (t) => {
	const old = await startServer({ dataDir: temporaryDir() });
	const tokens = {};
	for (const name of ['writer', 'bot', 'tail']) {
		tokens[name] = (await command(old, 'session.start', { guest: fresh(name) })).token;
	}
	const room = (await command(old, 'room.create', { name: fresh('room') }, { token: tokens.writer })).id;
	const copy = await backUp(old);
	const logged = [];
	const heard = [];
	const botUrl = `${old.url.replace(/^http/, 'ws')}/ws`;
	t.after(startBot({ url: botUrl, room, token: tokens.bot, onMessage: ({ data }) => heard.push(data.text), log: (text) => logged.push(text) }));
	const tokenFile = join(temporaryDir(), 'token');
	writeFileSync(tokenFile, tokens.tail, { mode: 0o600 });
	const follower = keepRunning(t, clientBinary, ['--server', old.url, '--token-file', tokenFile, 'tail', room]);
	const ended = once(follower.child, 'exit');
	await until(30000, 'both to be members', async () => (await command(old, 'room.get', { room }, { token: tokens.writer })).room.members === 3);
	await command(old, 'message.send', { room, text: 'before' }, { token: tokens.writer });
	await until(30000, 'the bot to hear', () => heard.includes('before'));
	await follower.says('before');

	const restored = await restoreFrom(copy, old);
	t.after(() => restored.stop());
	await until(30000, 'the bot to join again', () => logged.filter((text) => text.startsWith('listening')).length === 2);
	await command(restored, 'message.send', { room, text: 'after' }, { token: tokens.writer });
	await until(30000, 'the bot to hear again', () => heard.includes('after'));
	assert.equal((await ended)[0], 1);
	assert.match(follower.err, /parley: this account is no longer a member of the room/);
});

test('parley tail ends when its account leaves the room', async (t) => {
	const { token: leaver } = await command(server, 'session.start', { guest: fresh('leaver') });
	const tokenFile = join(temporaryDir(), 'token');
	writeFileSync(tokenFile, leaver, { mode: 0o600 });
	const follower = keepRunning(t, clientBinary, ['--server', server.url, '--token-file', tokenFile, 'tail', rooms[1], '--after', '0']);
	const ended = once(follower.child, 'exit');
	await follower.says('member.joined');
	await command(server, 'room.leave', { room: rooms[1] }, { token: leaver });
	assert.equal((await ended)[0], 1);
	assert.match(follower.err, /no longer a member/);
});
