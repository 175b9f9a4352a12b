// The database goes away under the server, comes back, and is set back to an earlier state.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { EventStream, command, get, post, untilReadyIs } from './lib/http.mjs';
import { metricsOf, untilMetrics } from './lib/metrics.mjs';
import { keepRunning } from './lib/server.mjs';
import { comeBack, goAway, keep, setBack, startSwitching } from './lib/switching.mjs';
import { until } from './lib/wait.mjs';

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const refusal = (promise) => promise.then(() => assert.fail('it was answered'), (error) => error);

async function roomOfTwo(t, server) {
	const name = fresh('room');
	const ann = await clientFor(t, server, { guest: fresh('Ann') });
	const room = (await ann.request('room.create', { name })).id;
	const bob = await clientFor(t, server, { guest: fresh('Bob') });
	await bob.request('room.join', { room });
	return { ann, bob, room, name };
}

function assertAway(error) {
	assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
	assert.ok(error.retryAfterMs >= 1000 && error.retryAfterMs < 2000, `${error.retryAfterMs}`);
}

test('while the database is away everybody stays, and what needs it is refused until it is back', async (t) => {
	const server = await startSwitching(t);
	const { ann, bob, room } = await roomOfTwo(t, server);
	await goAway(server);
	assertAway(await refusal(ann.request('message.send', { room, text: 'not now' })));
	assertAway(await refusal(ann.request('history.read', { room })));
	await ann.request('typing.set', { room });
	await bob.waitFor('what needs no database', () => bob.events.some((event) => event.type === 'typing'));
	const comer = await Client.connect(server);
	assertAway(await refusal(comer.request('session.start', { token: bob.token })));
	assertAway(await refusal(comer.request('session.start', { guest: fresh('Guest') })));
	const http = await post(server, 'message.send', { room, text: 'nor over HTTP' }, { token: bob.token });
	assert.equal(http.status, 503);
	assert.ok(Number(http.headers['retry-after']) >= 1);
	const ready = await untilReadyIs(server, 503);
	assert.equal(ready.text, 'the database is away: db.test:5432: connection refused\n');
	assert.equal((await get(server, '/healthz')).status, 200);
	const metrics = await metricsOf(server);
	assert.deepEqual(['parley_store_away', 'parley_store_outages_total'].map((name) => metrics.get(name)), [1, 1]);
	await comeBack(server);
	await untilReadyIs(server, 200);
	assert.equal((await metricsOf(server)).get('parley_store_away'), 0);
	await comer.signIn({ token: bob.token }); // on the connection that was refused
	const { seq } = await ann.request('message.send', { room, text: 'now' });
	await bob.waitSeq(room, seq);
	await comer.waitSeq(room, seq);
	await comer.close();
	const events = (await ann.request('history.read', { room })).events;
	assert.deepEqual(events.filter((event) => event.type === 'message.created').map((event) => event.data.text), ['now']);
	assert.equal(server.stderr.match(/ store\.away /g).length, 1);
});

test('one who reads on from the log when the database goes away gets the rest when it is back', async (t) => {
	const server = await startSwitching(t);
	const { ann, bob, room } = await roomOfTwo(t, server);
	const before = (await bob.request('room.get', { room })).room.last_seq;
	bob.pause();
	let last;
	for (let i = 0; i < 10; i++) { // 8 MB: far more than sockets and the ring hold
		const sent = await Promise.all(range(1, 100).map((n) => ann.request('message.send', { room, text: `${i} ${n} ${'x'.repeat(7900)}` }, { timeoutMs: 60000 })));
		last = Math.max(...sent.map((answer) => answer.seq));
	}
	await goAway(server);
	const n = bob.events.length;
	bob.resume();
	await bob.waitFor('what is on the way', () => bob.events.length > n);
	await untilMetrics(server, 'it to be behind the ring', (metrics) => metrics.get('parley_readers_behind') === 1);
	await comeBack(server);
	await bob.waitSeq(room, last);
	assert.deepEqual(bob.events.filter((event) => event.seq > before).map((event) => event.seq), range(before + 1, last));
	assert.equal(bob.gaps, 0);
});

test('parley waits for the database and sends what it was told to once', async (t) => {
	const server = await startSwitching(t);
	const { ann, room } = await roomOfTwo(t, server);
	const pipe = keepRunning(t, clientBinary, ['--server', server.url, '--guest', fresh('Pipe'), 'pipe']);
	const ask = (type, ref, data) => pipe.child.stdin.write(`${JSON.stringify({ type, ref, data })}\n`);
	ask('room.join', 'in', { room });
	await pipe.says('"ref":"in"');
	await goAway(server);
	ask('message.send', 'out', { room, text: 'through the outage' });
	await untilMetrics(server, 'it to be refused twice', (metrics) => metrics.get('parley_errors_by_code_total{code="unavailable"}') >= 2);
	await comeBack(server);
	await pipe.says('"ref":"out"');
	assert.ok(pipe.lines().some((line) => /"type":"ok".*"ref":"out"|"ref":"out".*"type":"ok"/.test(line)), pipe.out);
	const { events } = await ann.request('history.read', { room });
	assert.deepEqual(events.filter((event) => event.type === 'message.created').map((event) => event.data.text), ['through the outage']);
});

test('when the database is set back all who follow begin again, and end with exactly what it has', async (t) => {
	const server = await startSwitching(t);
	const { ann, bob, room } = await roomOfTwo(t, server);
	const tail = keepRunning(t, clientBinary, ['--server', server.url, '--guest', fresh('Tail'), 'tail', room, '--after', '0', '--json']);
	await tail.says('member.joined');
	const skipping = await clientFor(t, server, { token: bob.token, on_gap: 'skip' });
	const stream = await EventStream.open(server, `room=${room}`, { token: bob.token });
	t.after(() => stream.close());
	const say = async (text, n) => {
		let seq;
		for (let i = 0; i < n; i++) {
			({ seq } = await command(server, 'message.send', { room, text: `${text} ${i}` }, { token: ann.token }));
		}
		return seq;
	};
	await until(30000, 'the tail to be in the room', async () => (await ann.request('room.get', { room })).room.members === 3);
	const kept = await say('kept', 20);
	await keep(server);
	const lost = await say('lost', 20);
	await Promise.all([ann, bob, skipping].map((client) => client.waitSeq(room, lost)));
	await stream.waitFor('all of it', () => stream.events.at(-1)?.data.seq === lost);
	await tail.says(`"seq":${lost}`);
	const { epoch } = bob.session;
	const cursor = stream.events.at(-1).id;

	await setBack(server);
	for (const client of [ann, bob, skipping]) {
		const { code, reason } = await client.waitClose();
		assert.deepEqual([code, reason], [4005, "the server's data was set back to an earlier state; come back"]);
		assert.ok(client.events.at(-1).type === 'server.leaving', 'it is told when to come back');
	}
	await stream.waitEnd();
	const next = await say('new', 10);
	assert.equal(next, kept + 10); // seqs that named other events
	const { events: log } = await command(server, 'history.read', { room, limit: 200 }, { token: ann.token });
	for (const on_gap of ['replay', 'skip']) {
		const again = await clientFor(t, server, { token: bob.token, epoch, resume: { [room]: lost }, on_gap });
		await again.waitFor('the newest event', () => again.events.some((event) => event.id === log.at(-1).id));
		assert.notEqual(again.session.epoch, epoch);
		const [gap, ...rest] = again.events.filter((event) => event.room === room);
		assert.deepEqual([gap.type, gap.data], ['room.gap', { from: 1, to: 0, reason: 'restored' }]);
		assert.deepEqual(rest, log);
		const { id } = await command(server, 'message.send', { room, text: fresh('more') }, { token: ann.token });
		await again.waitFor('one more', () => again.events.at(-1).id === id);
		log.push(again.events.at(-1));
	}
	const resumed = await EventStream.open(server, `room=${room}`, { token: bob.token, lastEventId: cursor });
	t.after(() => resumed.close());
	await resumed.waitFor('all of it', () => resumed.events.at(-1)?.data.seq === log.at(-1).seq);
	assert.deepEqual(resumed.events.map((event) => event.data).slice(1), log);
	await tail.says(log.at(-1).id);
	const shown = tail.lines().map((line) => JSON.parse(line)).filter((event) => event.seq);
	assert.deepEqual(shown.slice(-log.length), log, 'parley tail shows the new history from its beginning');
	assert.equal(server.stderr.match(/ store\.restored /g).length, 1);
});

test('an account, a room and a membership that are no more are gone for all who come back', async (t) => {
	const server = await startSwitching(t);
	const { ann, bob, room } = await roomOfTwo(t, server);
	await keep(server);
	const late = await clientFor(t, server, { guest: fresh('Late') });
	await late.request('room.join', { room });
	const other = (await ann.request('room.create', { name: fresh('other') })).id;
	await ann.request('room.update', { room, topic: 'later' });
	await setBack(server);
	await Promise.all([ann, bob, late].map((client) => client.waitClose()));
	const again = await clientFor(t, server, { token: ann.token });
	assert.deepEqual(again.session.rooms.map((each) => [each.id, each.topic, each.members]), [[room, '', 2]]);
	assert.equal((await refusal(again.request('history.read', { room: other }))).code, 'not_found');
	const stranger = await Client.connect(server);
	assert.equal((await refusal(stranger.request('session.start', { token: late.token }))).code, 'invalid_token');
	await stranger.close();
});
