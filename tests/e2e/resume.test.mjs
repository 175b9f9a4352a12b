import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { command } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

async function writerAndReader(t, target = server) {
	const writer = await clientFor(t, target, { guest: fresh('Writer') });
	const reader = await Client.start(target, { guest: fresh('Reader') });
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	await reader.request('room.join', { room }); // seq 3
	return { writer, reader, room };
}

async function say(writer, room, n, text = 'news') {
	const sent = await Promise.all(Array.from({ length: n }, (_, i) => writer.request('message.send', { room, text: `${text} ${i}` }, { timeoutMs: 60000 })));
	return Math.max(...sent.map((answer) => answer.seq));
}

const seqsOf = (client, room) => client.events.filter((event) => event.room === room && event.seq).map((event) => event.seq);
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('a client that names its cursor gets exactly what it missed, then live', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await say(writer, room, 5);
	await reader.waitSeq(room, 8);
	await reader.close();
	await say(writer, room, 10); // 9…18
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 8 } });
	assert.equal(back.session.rooms[0].last_seq, 18);
	await back.waitSeq(room, 18);
	await say(writer, room, 1);
	await back.waitSeq(room, 19);
	assert.deepEqual(seqsOf(back, room), range(9, 19));
});

test('a client that names no cursor gets live events only', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	await say(writer, room, 5);
	const back = await clientFor(t, server, { token: reader.token });
	await say(writer, room, 1);
	await back.waitSeq(room, 9);
	assert.deepEqual(seqsOf(back, room), [9]);
});

test('cursor 0 gives the room from its first event', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	const last = await say(writer, room, 5);
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 0 } });
	await back.waitSeq(room, last);
	assert.deepEqual(seqsOf(back, room), range(1, last));
});

test('what is resumed is byte for byte what was live', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	const last = await say(writer, room, 50);
	await writer.waitSeq(room, last);
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 3 } });
	await back.waitSeq(room, last);
	const bytes = (client) => client.events.filter((e) => e.seq > 3).map((e) => e.raw);
	assert.deepEqual(bytes(back), bytes(writer));
});

test('a cursor beyond the end gets room.gap and the newest page', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	const last = await say(writer, room, 3);
	const back = new Client(server);
	t.after(() => back.close());
	await back.opened;
	await back.request('session.start', { token: reader.token, resume: { [room]: 5000 } });
	const gap = await back.waitEvent('room.gap');
	assert.equal(gap.room, room);
	assert.equal(gap.data.reason, 'beyond_end');
	await back.waitFor('the newest page', () => seqsOf(back, room).includes(last));
	await say(writer, room, 1);
	await back.waitSeq(room, last + 1);
	const seqs = seqsOf(back, room);
	assert.deepEqual(seqs, range(seqs[0], last + 1));
	back.faults = []; // the gap lies behind the page: checked right here
});

test('on_gap skip gives room.gap and the newest page, then live', async (t) => {
	const { writer, reader, room } = await writerAndReader(t, server);
	await reader.close();
	const last = await say(writer, room, 3000, 'x'.repeat(600)); // more than the room keeps in memory
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 3 }, on_gap: 'skip' });
	const gap = await back.waitEvent('room.gap');
	assert.equal(gap.data.from, 4);
	assert.equal(gap.data.reason, 'skipped');
	await back.waitSeq(room, last);
	const seqs = seqsOf(back, room);
	assert.equal(seqs[0], gap.data.to + 1);
	assert.deepEqual(seqs, range(seqs[0], last));
	assert.ok(seqs.length >= 20 && seqs.length <= 1000, `${seqs.length} events in the newest page`);
	await say(writer, room, 1);
	await back.waitSeq(room, last + 1);
});

test('on_gap skip with what is still in memory needs no gap', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	const last = await say(writer, room, 5);
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 3 }, on_gap: 'skip' });
	await back.waitSeq(room, last);
	assert.deepEqual(seqsOf(back, room), range(4, last));
	assert.ok(!back.events.some((e) => e.type === 'room.gap'));
});

test('a cursor further behind than --limit-resume-events gets room.gap too_far', async (t) => {
	const small = await startServer({ args: ['--limit-resume-events', '100'] });
	t.after(() => small.stop());
	const { writer, reader, room } = await writerAndReader(t, small);
	await reader.close();
	const last = await say(writer, room, 300);
	const back = await clientFor(t, small, { token: reader.token, resume: { [room]: 3 } });
	const gap = await back.waitEvent('room.gap');
	assert.equal(gap.data.reason, 'too_far');
	assert.equal(gap.data.from, 4);
	await back.waitSeq(room, last);
	const near = await clientFor(t, small, { token: reader.token, resume: { [room]: last - 100 } });
	await near.waitSeq(room, last);
	assert.ok(!near.events.some((e) => e.type === 'room.gap'));
});

test('resume works across a restart, and across SIGKILL', async (t) => {
	let current = await startServer();
	const { writer, reader, room } = await writerAndReader(t, current);
	let last = await say(writer, room, 20);
	await reader.waitSeq(room, last);
	const reached = last;
	for (const end of ['stop', 'kill']) {
		await current[end]();
		current = await startServer({ dataDir: current.dataDir });
		const { id } = writer.user;
		const again = await clientFor(t, current, { token: writer.token });
		assert.equal(again.user.id, id);
		last = await say(again, room, 20);
		const back = await clientFor(t, current, { token: reader.token, resume: { [room]: reached } });
		await back.waitSeq(room, last);
		assert.deepEqual(seqsOf(back, room), range(reached + 1, last));
	}
	t.after(() => current.stop());
});

test('each room has its own cursor', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	const other = (await writer.request('room.create', { name: fresh('other') })).id;
	await reader.request('room.join', { room: other });
	await reader.close();
	const last = await say(writer, room, 10);
	const lastOther = await say(writer, other, 20);
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 7, [other]: 10 } });
	await back.waitSeq(room, last);
	await back.waitSeq(other, lastOther);
	assert.deepEqual(seqsOf(back, room), range(8, last));
	assert.deepEqual(seqsOf(back, other), range(11, lastOther));
});

test('a cursor of a room that one is not in is ignored', async (t) => {
	const { room } = await writerAndReader(t);
	const stranger = await clientFor(t, server, { guest: fresh('Stranger') });
	const back = await clientFor(t, server, { token: stranger.token, resume: { [room]: 0, '11111111-2222-4333-8444-555555555555': 0 } });
	await back.settle();
	assert.deepEqual(back.events, []);
	assert.deepEqual(back.session.rooms, []);
});

test('bad cursors are refused with the member\'s name', async (t) => {
	const { reader, room } = await writerAndReader(t);
	await reader.close();
	const client = await Client.connect(server);
	t.after(() => client.close());
	for (const resume of [{ [room]: -1 }, { [room]: '5' }, { [room]: 1.5 }, { [room]: 2 ** 53 }, [], 'x', { 'no id': 1 }]) {
		const error = await client.refused('session.start', { token: reader.token, resume }, 'invalid_request');
		assert.match(error.wireMessage, /resume/, JSON.stringify(resume));
	}
	await client.refused('session.start', { token: reader.token, on_gap: 'perhaps' }, 'invalid_request');
});

test('nothing is lost or doubled between the snapshot and the first live event, whatever is sent meanwhile', async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	let stop = false;
	const flood = (async () => {
		while (!stop) {
			await Promise.all(Array.from({ length: 5 }, () => writer.request('message.send', { room, text: 'flood' })));
		}
	})();
	const backs = [];
	for (let i = 0; i < 30; i++) {
		const back = await Client.start(server, i % 2 ? { token: reader.token, resume: { [room]: 3 } } : { token: reader.token });
		backs.push(back);
	}
	stop = true;
	await flood;
	const last = (await writer.request('room.get', { room })).room.last_seq;
	for (const back of backs) {
		await back.waitSeq(room, last, 30000);
		await back.close();
	}
});

test('a client 10,000 events behind gets them all while others go on', { timeout: 240000 }, async (t) => {
	const { writer, reader, room } = await writerAndReader(t);
	await reader.close();
	let last;
	for (let i = 0; i < 10; i++) {
		last = await say(writer, room, 1000, `batch ${i} ${'y'.repeat(100)}`);
	}
	await writer.waitSeq(room, last, 30000);
	const watcher = await clientFor(t, server, { token: (await command(server, 'session.start', { guest: fresh('Watcher') })).token });
	await watcher.request('room.join', { room });
	const back = await clientFor(t, server, { token: reader.token, resume: { [room]: 3 } });
	let slowest = 0;
	let nMeanwhile = 0;
	while ((back.last.get(room) ?? 0) < last) {
		const began = Date.now();
		const { seq } = await writer.request('message.send', { room, text: 'meanwhile' });
		await watcher.waitSeq(room, seq);
		slowest = Math.max(slowest, Date.now() - began);
		last = Math.max(last, seq);
		nMeanwhile++;
		if ((back.last.get(room) ?? 0) >= last - 5) {
			break;
		}
	}
	await back.waitSeq(room, last, 30000);
	assert.deepEqual(seqsOf(back, room), range(4, last));
	assert.ok(nMeanwhile > 0, 'it was there at once: nobody else had to go on');
	t.diagnostic(`slowest of ${nMeanwhile} deliveries to others meanwhile: ${slowest} ms`);
});
