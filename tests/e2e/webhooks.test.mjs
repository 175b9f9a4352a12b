// Outgoing webhooks: what happens in rooms is posted to an endpoint, signed, at least once, and in order where that is asked for.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { clientFor, fresh } from './lib/client.mjs';
import { nInstances } from './lib/several.mjs';
import { command, post } from './lib/http.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';
import { verify } from './lib/standard_webhook.mjs';
import { until } from './lib/wait.mjs';
import { receiver } from './lib/webhook_agent.mjs';

const WAIT_MS = 60000;
const ALLOW = ['--webhook-allow', '127.0.0.0/8'];
const QUICK = [...ALLOW, '--webhook-retry-ms', '2', '--webhook-attempts', '4']; // an event is tried for 0.9 s

let server;
let person;
before(async () => {
	server = await startServer({ args: QUICK });
	person = await command(server, 'account.create', { name: 'Maker', password: 'correct horse' });
});
after(() => server.stop());

// A bot with a webhook to a receiver, in a room of somebody else's. `answer(event, response, n)` replies; n counts from 1.
async function place(t, { on = server, by = person, kind = 'public', webhook = {}, answer = (event, response) => response.end('fine') } = {}) {
	const bot = await command(on, 'bot.create', { name: fresh('Bot') }, { token: by.token });
	const owner = await clientFor(t, on, { token: by.token });
	const room = await owner.request('room.create', { name: fresh('room'), kind });
	await owner.request('member.add', { room: room.id, user: bot.user.id });
	const p = { bot, owner, room: room.id, events: [], pings: [], requests: [] };
	p.to = await receiver(t, (request, response, got) => {
		const event = p.secret ? verify(p.secret, got) : JSON.parse(got.body);
		if (event.type === 'webhook.ping') {
			p.pings.push(event);
			response.end('pong');
			return;
		}
		p.events.push(event);
		p.requests.push(got);
		answer(event, response, p.events.length);
	});
	p.ask = (type, data = {}) => command(on, type, data, { token: bot.token });
	p.refused = async (type, data, code) => assert.equal((await post(on, type, data, { token: bot.token })).json.data.code, code);
	p.say = async (text, to = room.id) => (await owner.request('message.send', { room: to, text })).seq;
	p.name = fresh('webhook');
	const made = await p.ask('webhook.create', { name: p.name, url: p.to.url('/in'), filter: { types: ['message.created'] }, ...webhook });
	p.secret = made.secret;
	p.made = made.webhook;
	p.come = (n) => until(WAIT_MS, `${n} events to come; there are ${p.events.length}`, () => p.events.length >= n);
	p.shown = async () => (await p.ask('webhook.list')).webhooks.find((w) => w.id === p.made.id);
	p.becomes = (what, check) => until(WAIT_MS, what, async () => check(await p.shown()));
	p.replay = (data) => p.ask('webhook.replay', { webhook: p.name, ...data });
	p.log = async (data = {}) => (await p.ask('webhook.deliveries', { webhook: p.name, ...data })).deliveries;
	// The log, once it holds this at every instance: one that does not work for the webhook knows an attempt a moment later.
	p.logged = (what, check) => until(WAIT_MS, what, async () => {
		const logs = await Promise.all(Array.from({ length: 2 * nInstances }, () => p.log()));
		return logs.every(check) && logs[0];
	});
	return p;
}

const texts = (events) => events.map((e) => e.data.text);

test('what is said is posted byte for byte, signed, and pinged before', async (t) => {
	const p = await place(t, { webhook: { headers: { 'X-Token': 'of a secret' } } });
	await until(WAIT_MS, 'the ping', () => p.pings.length === 1);
	assert.deepEqual(p.pings[0].data, { webhook: p.made.id, name: p.name });
	await p.say('one');
	await p.say('two');
	await p.come(2);
	const { events: log } = await p.owner.request('history.read', { room: p.room, limit: 2 });
	assert.deepEqual([...p.events].sort((a, b) => a.seq - b.seq), log);
	const [{ method, url, headers, body }] = p.requests;
	assert.deepEqual([method, url, headers['x-token'], headers['content-type']], ['POST', '/in', 'of a secret', 'application/json']);
	assert.equal(headers['webhook-id'], JSON.parse(body).id);
	await p.becomes('the cursor to move', (w) => w.behind === 0);
	const shown = await p.shown();
	assert.deepEqual({ ...shown, created: 0 }, { ...p.made, created: 0 });
	assert.deepEqual(shown.headers, ['X-Token']);
	assert.ok(!JSON.stringify(shown).includes('of a secret'));
});

test('what is given of a webhook is checked', async (t) => {
	const p = await place(t);
	const create = (data, code = 'invalid_request') => p.refused('webhook.create', { name: fresh('webhook'), url: p.to.url(), ...data }, code);
	for (const url of ['ftp://a/', 'http://10.0.0.1/', 'http://a:b@example.com/', 'http://[::1]/', 'http://169.254.169.254/', 'http://a/#b', 'x']) {
		await create({ url });
		await p.refused('webhook.update', { webhook: p.name, url }, 'invalid_request');
	}
	await create({ headers: { 'Content-Length': '1' } });
	await create({ headers: { 'Webhook-Id': '1' } });
	await create({ headers: { 'X-A': 1 } });
	await create({ headers: { 'X-A': 'b\r\nC: d' } });
	await create({ headers: [] });
	await create({ headers: { 'X-A': 'a'.repeat(5000) } }, 'too_large');
	await create({ filter: { types: ['nothing'] } });
	await create({ ca: 'no certificate' });
	await create({ name: p.name }, 'name_taken');
	await create({ name: p.made.id });
	for (const type of ['update', 'rotate_secret', 'delete', 'test', 'deliveries']) {
		await p.refused(`webhook.${type}`, { webhook: fresh('other') }, 'not_found');
	}
	assert.equal((await post(server, 'webhook.delete', { webhook: p.made.id }, { token: person.token })).json.data.code, 'not_found');
	const guest = await clientFor(t, server, { guest: fresh('Guest') });
	await assert.rejects(guest.request('webhook.create', { name: 'a', url: p.to.url() }), /forbidden/);
});

test('a filter, and where it begins', async (t) => {
	const p = await place(t, { webhook: { filter: { types: ['message.*'], authors: ['person'] } } });
	await p.ask('message.send', { room: p.room, text: 'of the bot' });
	await p.owner.request('room.update', { room: p.room, topic: 'no message' });
	await p.say('of a person');
	await p.come(1);
	await p.becomes('it to look at all', (w) => w.behind === 0);
	assert.deepEqual(texts(p.events), ['of a person']);
	const events = [];
	const to = await receiver(t, (request, response, got) => { events.push(JSON.parse(got.body)); response.end(); });
	await p.ask('webhook.create', { name: fresh('webhook'), url: to.url(), from: 'start', filter: { rooms: [p.room] } });
	await until(WAIT_MS, 'the whole room', () => events.some((e) => e.data.text === 'of a person'));
	assert.ok(events.some((e) => e.type === 'room.created'));
	assert.ok(events.every((e) => e.type === 'webhook.ping' || e.room === p.room));
});

test('a private room is posted to members alone, and not any more when they leave', async (t) => {
	const p = await place(t, { kind: 'private', answer: (event, response) => { response.writeHead(event.data.text === 'kept back' ? 500 : 200).end(); } });
	const other = await p.owner.request('room.create', { name: fresh('room'), kind: 'private' });
	await p.say('not for the bot', other.id);
	await p.say('for the bot');
	await p.come(1);
	await p.say('kept back');
	await p.come(2);
	await p.ask('room.leave', { room: p.room });
	await p.say('after that');
	await p.becomes('what failed to be forgotten', (w) => w.waiting + w.set_aside === 0);
	assert.ok(p.events.every((e) => e.data.text === 'for the bot' || e.data.text === 'kept back'), JSON.stringify(texts(p.events)));
});

test('what fails is tried again, and comes in the order of its room where that is asked for', async (t) => {
	const nRooms = 3;
	const nEach = 20;
	const failed = new Map();
	const p = await place(t, {
		webhook: { order: 'per_room' },
		answer: (event, response) => {
			const n = failed.get(event.id) ?? 0;
			const fails = n < 2 && Math.random() < 0.3;
			failed.set(event.id, n + fails);
			event.taken = !fails;
			response.writeHead(fails ? 500 : 200).end();
		},
	});
	const rooms = [p.room];
	while (rooms.length < nRooms) {
		const room = await p.owner.request('room.create', { name: fresh('room') });
		await p.owner.request('member.add', { room: room.id, user: p.bot.user.id });
		rooms.push(room.id);
	}
	for (let i = 0; i < nEach; i++) {
		await Promise.all(rooms.map((room) => p.say(`m${i}`, room)));
	}
	const taken = () => p.events.filter((e) => e.taken);
	await until(WAIT_MS, 'all to be taken', () => taken().length >= nRooms * nEach);
	for (const room of rooms) {
		assert.deepEqual(texts(taken().filter((e) => e.room === room)), Array.from({ length: nEach }, (_, i) => `m${i}`));
	}
	await p.becomes('nothing to wait', (w) => w.waiting === 0 && w.behind === 0 && w.set_aside === 0);
});

test('Retry-After is kept, and for everything where the endpoint has too much to do', async (t) => {
	const at = [];
	const p = await place(t, {
		answer: (event, response, n) => {
			at.push(Date.now());
			response.writeHead(n === 1 ? 429 : 200, n === 1 ? { 'retry-after': '2' } : {}).end();
		},
	});
	await p.say('one');
	await p.come(1);
	await p.say('two');
	await p.come(3);
	assert.ok(at[1] - at[0] >= 1900, `${at[1] - at[0]} ms`);
	assert.deepEqual(new Set(texts(p.events)), new Set(['one', 'two']));
});

test('what is not taken is set aside, shown, and replayed', async (t) => {
	let good = false;
	const p = await place(t, { answer: (event, response) => response.writeHead(good || event.data.text !== 'bad' ? 200 : 400).end('why') });
	const seq = await p.say('bad');
	await p.becomes('it to be set aside', (w) => w.set_aside === 1 && w.waiting === 0);
	assert.equal(p.events.length, 4);
	const ids = new Set(p.requests.map((r) => r.headers['webhook-id']));
	assert.equal(ids.size, 1);
	const log = await p.logged('the attempts to be shown', (each) => each.length === 4);
	assert.deepEqual(log.map((d) => [d.tries, d.outcome, d.status, d.reply, d.seq]), [4, 3, 2, 1].map((n) => [n, 'answered', 400, 'why', seq]));
	assert.deepEqual((await p.ask('webhook.deliveries', { webhook: p.made.id, limit: 3 })).more, true);
	assert.deepEqual(await p.log({ after: log[1].delivery, limit: 1 }), [log[2]]);
	good = true;
	assert.deepEqual(await p.replay({ set_aside: true }), { replayed: 1 });
	await p.come(5);
	await p.becomes('nothing to be left', (w) => w.set_aside + w.waiting === 0);
	assert.deepEqual(await p.replay({ set_aside: true }), { replayed: 0 });
});

test('one event, a range, and all since a place or a time are replayed', async (t) => {
	const p = await place(t);
	const seqs = [];
	for (const text of ['a', 'b', 'c', 'd']) {
		seqs.push(await p.say(text));
	}
	await p.come(4);
	await p.becomes('the cursor to move', (w) => w.behind === 0);
	const again = async (data, answer, expected) => {
		const n = p.events.length;
		assert.deepEqual(await p.replay(data), answer);
		await p.come(n + expected.length);
		await p.becomes('nothing to be left', (w) => w.behind + w.waiting === 0);
		assert.deepEqual(texts(p.events.slice(n)).sort(), expected);
	};
	const { events } = await p.owner.request('history.read', { room: p.room, limit: 4 });
	await p.logged('the attempts to be shown', (each) => events.every(({ id }) => each.some(({ event }) => event === id)));
	await again({ event: events[1].id }, { replayed: 1 }, ['b']);
	await again({ room: p.room, from_seq: seqs[1], to_seq: seqs[2] }, { replayed: 2 }, ['b', 'c']);
	await again({ room: p.room, from_seq: seqs[2] }, { moved: true }, ['c', 'd']);
	await again({ since_ms: Date.parse(events[3].timestamp) }, { moved: true }, events.filter((e) => e.timestamp >= events[3].timestamp).map((e) => e.data.text));
	assert.deepEqual(await p.replay({ room: p.room, from_seq: 1000, to_seq: 2000 }), { replayed: 0 });
	await p.refused('webhook.replay', { webhook: p.name, event: p.made.id }, 'not_found');
	await p.refused('webhook.replay', { webhook: p.name, from_seq: 1 }, 'invalid_request');
	await p.refused('webhook.replay', { webhook: p.name, room: p.made.id, from_seq: 1 }, 'not_found');
	await p.refused('webhook.replay', { webhook: p.name }, 'invalid_request');
});

test('an endpoint that fails is tried before late retries are due, and then gets all that waits', async (t) => {
	const own = await startServer({ args: [...ALLOW, '--webhook-retry-ms', '100'] }); // 0.1, 6, 36 s …, and a probe each 6 s
	t.after(() => own.stop());
	const by = await command(own, 'account.create', { name: 'Maker', password: 'correct horse' });
	await Promise.all(['any', 'per_room'].map(async (order) => {
		let good = false;
		const p = await place(t, { on: own, by, webhook: { order }, answer: (event, response) => response.writeHead(good ? 200 : 500).end() });
		for (let i = 0; i < 5; i++) { // each in a room of its own, all of which wait then
			const { id } = await p.owner.request('room.create', { name: fresh('room') });
			await p.owner.request('member.add', { room: id, user: p.bot.user.id });
			await p.say(`old ${i}`, id);
		}
		await p.come(15);
		const late = performance.now() + 0.8 * 36000; // at least until the fourth attempt
		await p.come(16);
		await p.say('new');
		good = true;
		await p.becomes('all to be taken', (w) => w.waiting + w.behind === 0);
		assert.ok(texts(p.events).includes('new') && performance.now() < late);
	}));
});

test('410 disables at once; what came meanwhile is posted when it is active again', async (t) => {
	let gone = true;
	const p = await place(t, { answer: (event, response) => response.writeHead(gone ? 410 : 200).end() });
	await p.say('one');
	await p.becomes('it to be disabled', (w) => w.status === 'disabled');
	const shown = await p.shown();
	assert.deepEqual([shown.status, shown.reason], ['disabled', 'it answered 410 Gone']);
	await p.say('two');
	assert.equal(p.events.length, 1);
	gone = false;
	await p.ask('webhook.update', { webhook: p.name, status: 'active' });
	await p.come(3);
	assert.deepEqual(texts(p.events).sort(), ['one', 'one', 'two']);
	assert.equal((await p.shown()).reason, undefined);
	await p.ask('webhook.update', { webhook: p.name, status: 'disabled' });
	await p.say('three');
	assert.equal((await p.shown()).status, 'disabled');
	await p.ask('webhook.delete', { webhook: p.name });
	assert.equal(await p.shown(), undefined);
	assert.equal(p.events.length, 3);
});

test('a webhook that is active again while its end is under way is worked for', async (t) => {
	const p = await place(t);
	const other = await clientFor(t, server, { token: p.bot.token });
	for (let i = 0; i < 60; i++) {
		const disabled = other.request('webhook.update', { webhook: p.name, status: 'disabled' });
		await setTimeout((i % 20) / 10);
		await Promise.all([disabled, p.ask('webhook.update', { webhook: p.name, status: 'active' })]);
		if ((await p.shown()).status === 'disabled') { // the second one was the first
			await p.ask('webhook.update', { webhook: p.name, status: 'active' });
		}
		await p.say(`m${i}`);
		await until(WAIT_MS, `m${i}`, () => texts(p.events).includes(`m${i}`));
	}
});

test('an endpoint that fails is told of, holds new events back, and goes on where it was', async (t) => {
	let good = false;
	const p = await place(t, { answer: (event, response) => response.writeHead(good ? 200 : 503).end() });
	for (let i = 0; i < 30; i++) {
		await p.say(`m${i}`);
	}
	await p.becomes('it to be shown', (w) => w.failing_since !== undefined);
	good = true;
	await p.becomes('all but what was set aside to come', (w) => w.behind + w.waiting === 0 && w.failing_since === undefined);
	await p.replay({ set_aside: true });
	await p.becomes('the rest to come', (w) => w.set_aside + w.waiting === 0);
	assert.deepEqual(new Set(texts(p.events)).size, 30);
});

test('the owner is told of troubles', async (t) => {
	let status = 503;
	const p = await place(t, { answer: (event, response) => response.writeHead(status).end() });
	// At each instance: the one that works for it tells.
	const owners = await Promise.all((server.instances ?? [server]).map((instance) => clientFor(t, instance, { token: p.bot.token })));
	const told = (type) => Promise.race(owners.map((own) => own.waitEvent(type)));
	for (let i = 0; i < 6; i++) {
		await p.say(`m${i}`);
	}
	assert.deepEqual((await told('webhook.failing')).data, { webhook: p.made.id, name: p.name });
	status = 200;
	await told('webhook.recovered');
	status = 410;
	await p.say('the last one');
	assert.deepEqual((await told('webhook.disabled')).data, { webhook: p.made.id, name: p.name, reason: 'it answered 410 Gone' });
});

test('a secret is rotated: both sign for a while', async (t) => {
	const p = await place(t);
	await p.say('one');
	await p.come(1);
	const first = p.secret;
	p.secret = null;
	const { secret } = await p.ask('webhook.rotate_secret', { webhook: p.name });
	assert.notEqual(secret, first);
	await p.say('two');
	await p.come(2);
	for (const each of [first, secret]) {
		verify(each, p.requests[1]);
	}
	assert.equal(p.requests[1].headers['webhook-signature'].split(' ').length, 2);
});

test('a URL, a filter, a name and headers are changed', async (t) => {
	const p = await place(t);
	const got = [];
	const to = await receiver(t, (request, response, one) => { got.push(one); response.end(); });
	const name = fresh('webhook');
	await p.ask('webhook.update', { webhook: p.name, name, url: to.url('/new'), filter: { types: ['room.updated'] }, headers: { 'X-New': 'yes' }, order: 'per_room' });
	await p.say('not any more');
	await p.owner.request('room.update', { room: p.room, topic: 'of the room' });
	await until(WAIT_MS, 'the event', () => got.length === 1);
	assert.deepEqual([got[0].url, got[0].headers['x-new'], JSON.parse(got[0].body).type], ['/new', 'yes', 'room.updated']);
	const shown = await p.shown();
	assert.deepEqual([shown.name, shown.order, shown.url], [name, 'per_room', to.url('/new')]);
	assert.equal(p.events.length, 0);
});

test('webhook.test posts at once and tells what came of it', async (t) => {
	const p = await place(t);
	await until(WAIT_MS, 'the first ping', () => p.pings.length === 1);
	const answer = await p.ask('webhook.test', { webhook: p.name });
	assert.deepEqual({ ...answer, latency_ms: 0 }, { outcome: 'answered', status: 200, latency_ms: 0, reply: 'pong' });
	assert.equal(p.pings.length, 2);
	await p.ask('webhook.update', { webhook: p.name, url: 'http://127.0.0.1:1/' });
	assert.equal((await p.ask('webhook.test', { webhook: p.name })).outcome, 'not_connected');
});

test('few pings of an account are under way at once, so that they take no place from what happens', async (t) => {
	const held = [];
	const answers = [];
	const p = await place(t);
	const to = await receiver(t, (request, response) => held.push(response));
	const client = await clientFor(t, server, { token: p.bot.token });
	await until(WAIT_MS, 'the first ping', () => p.pings.length === 1);
	await client.request('webhook.update', { webhook: p.name, url: to.url() });
	for (let i = 0; i < 10; i++) {
		client.request('webhook.test', { webhook: p.name }).then(({ outcome }) => answers.push(outcome), ({ code }) => answers.push(code));
	}
	await until(WAIT_MS, 'refusals', () => answers.length === 6);
	await until(WAIT_MS, 'the others to come', () => held.length === 4);
	held.forEach((response) => response.end());
	await until(WAIT_MS, 'all answers', () => answers.length === 10);
	assert.deepEqual(answers, [...Array.from({ length: 6 }, () => 'rate_limited'), ...Array.from({ length: 4 }, () => 'answered')]);
	assert.equal(held.length, 4);
});

test('an endpoint that hangs and one whose reply has no end hold up nobody else', async (t) => {
	const hanging = await place(t, { answer: () => {} });
	const endless = await place(t, {
		answer: (event, response) => {
			response.writeHead(200);
			const more = () => { while (!response.destroyed && response.write('a'.repeat(4096))) { /* until it is full */ } };
			response.on('drain', more);
			more();
		},
	});
	const fast = await place(t);
	for (const p of [hanging, endless, fast]) {
		await p.owner.request('member.add', { room: fast.room, user: p.bot.user.id }).catch(() => {});
	}
	for (let i = 0; i < 50; i++) {
		await fast.say(`m${i}`);
	}
	await fast.come(50);
	await endless.come(50);
	assert.equal((await endless.logged('the attempts to be shown', (each) => each.length > 0))[0].reply, 'a'.repeat(200));
	assert.ok(hanging.events.length <= 5);
	assert.equal(new Set(texts(fast.events)).size, 50);
});

test('metrics tell of deliveries', async (t) => {
	const p = await place(t);
	await p.say('one');
	await p.come(1);
	await until(WAIT_MS, 'the count', async () => {
		const metrics = await metricsOf(server);
		return metrics.get('parley_webhook_delivered_total') > 0 && metrics.get('parley_webhooks_active') > 0;
	});
});

test('an account has no more webhooks than it may', async (t) => {
	const own = await startServer({ args: [...QUICK, '--limit-account-webhooks', '2'] });
	t.after(() => own.stop());
	const by = await command(own, 'account.create', { name: 'Maker', password: 'correct horse' });
	const create = (name) => post(own, 'webhook.create', { name, url: 'http://127.0.0.1:1/' }, { token: by.token });
	assert.deepEqual([(await create('a')).status, (await create('b')).status], [200, 200]);
	assert.equal((await create('c')).json.data.code, 'limit_reached');
});

test('what goes through all rooms of an account counts by its rooms', async (t) => {
	const own = await startServer({ args: [...QUICK, '--limit-account-requests', '20'] }); // with a burst of ten seconds: 200 requests
	t.after(() => own.stop());
	const maker = await clientFor(t, own, { guest: 'Maker' });
	const rooms = [];
	for (let i = 0; i < 60; i++) {
		rooms.push((await maker.request('room.create', { name: fresh('room') })).id);
	}
	const asks = async (type, data) => { // of somebody who is in all of them
		const { token } = await command(own, 'account.create', { name: fresh('Host'), password: 'correct horse' });
		const client = await clientFor(t, own, { token });
		for (const room of rooms) {
			await client.request('room.join', { room });
		}
		await client.request('webhook.create', { name: 'one', url: 'http://127.0.0.1:1/' });
		return new Set(await Promise.all(Array.from({ length: 40 }, () => client.request(type, data).then(() => 'ok', (error) => error.code))));
	};
	assert.deepEqual(await asks('webhook.replay', { webhook: 'one', room: rooms[0], from_seq: 1 }), new Set(['ok']));
	assert.deepEqual(await asks('webhook.replay', { webhook: 'one', since_ms: 0 }), new Set(['ok', 'rate_limited']));
	assert.deepEqual(await asks('webhook.list', {}), new Set(['ok', 'rate_limited']));
	assert.deepEqual(await asks('webhook.create', { name: 'one', url: 'http://127.0.0.1:1/' }), new Set(['name_taken', 'rate_limited']));
});

test('kill -9 of the server loses no event, and keeps the order of rooms', async (t) => {
	const dataDir = temporaryDir();
	const args = [...ALLOW, '--webhook-retry-ms', '2']; // with fewer attempts some event is set aside now and then
	let own = await startServer({ dataDir, args });
	const by = await command(own, 'account.create', { name: 'Maker', password: 'correct horse' });
	const bot = await command(own, 'bot.create', { name: 'Bot' }, { token: by.token });
	const ask = (type, data, token = bot.token) => command(own, type, data, { token });
	const rooms = [];
	for (let i = 0; i < 5; i++) {
		rooms.push((await ask('room.create', { name: `room ${i}` })).id);
	}
	const came = { any: [], per_room: [] };
	const to = await receiver(t, (request, response, got) => {
		const event = JSON.parse(got.body);
		const fails = Math.random() < 0.1;
		if (!fails && event.type === 'message.created') {
			came[request.url.slice(1)].push(event);
		}
		response.writeHead(fails ? 500 : 200).end();
	});
	for (const order of ['any', 'per_room']) {
		await ask('webhook.create', { name: order, order, url: to.url(`/${order}`), filter: { types: ['message.created'] } });
	}
	const sent = new Set();
	for (let round = 0; round < 3; round++) { // of several, each kill is waited for until its leases are over
		let killed = false;
		const send = async (room) => {
			for (let i = 0; !killed && i < 100; i++) {
				await ask('message.send', { room, text: `${round}.${i}` }).then((r) => sent.add(`${room} ${r.seq}`), () => {});
			}
		};
		const all = rooms.map(send);
		const before = came.any.length;
		await until(WAIT_MS, 'some events to come', () => came.any.length > before + 30);
		await own.kill();
		killed = true;
		await Promise.all(all);
		own = await startServer({ dataDir, args });
	}
	t.after(() => own.stop());
	const has = (events, key) => events.some((e) => `${e.room} ${e.seq}` === key);
	for (const events of Object.values(came)) {
		await until(WAIT_MS, 'every event to come', () => [...sent].every((key) => has(events, key)));
	}
	// The first time that each came, they came in order.
	for (const room of rooms) {
		const seqs = [...new Set(came.per_room.filter((e) => e.room === room).map((e) => e.seq))];
		assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
	}
});
