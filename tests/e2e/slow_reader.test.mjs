import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { memoryScale } from './lib/env.mjs';
import { EventStream } from './lib/http.mjs';
import { metricsOf, restAfter } from './lib/metrics.mjs';
import { serverFor, startServer, temporaryDir } from './lib/server.mjs';

const MIB = 1024 * 1024;
const MEMORY_BOUND = 24 * memoryScale * MIB;

const asanOptions = [process.env.ASAN_OPTIONS, 'quarantine_size_mb=1'].filter(Boolean).join(':');

let server;
before(async () => {
	server = await startServer({ env: { ASAN_OPTIONS: asanOptions } });
});
after(() => server.stop());

// The kernel gives up whom it cannot send to for 30 s (listener.c): readers stand still for less than that, however slow the build is.
const STILL_MS = 15000;

// About n * 4 KiB of messages, a hundred at a time; fewer when they take longer than forMs.
async function flood(writer, room, n, forMs = Infinity) {
	const began = Date.now();
	let last = 0;
	for (let i = 0; i < n && Date.now() - began < forMs; i += 100) {
		const sent = await Promise.all(Array.from({ length: 100 }, () => writer.request('message.send', { room, text: 'z'.repeat(4000) }, { timeoutMs: 60000 })));
		last = Math.max(last, ...sent.map((answer) => answer.seq));
	}
	return last;
}

// That readers were out of the room's ring, and how far: pages were read for them from the store.
async function assertRead(earlier, nReaders) {
	const pages = (await metricsOf(server)).get('parley_log_pages_total') - earlier.get('parley_log_pages_total');
	assert.ok(pages > 10 * nReaders, `${pages} pages were read for ${nReaders} readers: they were not behind`);
}

test('a reader that stops reading costs bounded memory, disturbs nobody, and later gets everything in order', { timeout: 240000 }, async (t) => {
	const writer = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false });
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	const slow = [];
	for (let i = 0; i < 10; i++) {
		const client = await clientFor(t, server, { guest: fresh('Slow') }, { keep: false });
		await client.request('room.join', { room });
		slow.push(client);
	}
	const quick = await clientFor(t, server, { guest: fresh('Quick') }, { keep: false });
	await quick.request('room.join', { room });
	for (const client of slow) {
		client.pause();
	}
	await flood(writer, room, 200); // the ring of the room and the kernel's buffers are full now
	const before = server.rss();
	const earlier = await metricsOf(server);
	const last = await flood(writer, room, 5000, STILL_MS); // up to 20 MB for each of ten readers that do not read
	await quick.waitSeq(room, last, 60000);
	const growth = server.rss() - before;
	t.diagnostic(`memory grew by ${Math.round(growth / 1024)} KiB while 10 readers were ${Math.round(last * 4 / 1024)} MiB behind`);
	assert.ok(growth < MEMORY_BOUND, `${growth} bytes`);
	for (const client of slow) {
		client.resume();
	}
	for (const client of slow) {
		await client.waitSeq(room, last, 60000);
		client.assertOrdered();
		assert.equal(client.gaps, 0);
	}
	await assertRead(earlier, slow.length);
});

test('a slow event stream is fed at its own pace too', { timeout: 240000 }, async (t) => {
	const writer = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false });
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	const stream = await EventStream.open(server, `room=${room}&after=2`, { token: writer.token });
	t.after(() => stream.close());
	stream.res.pause();
	const earlier = await metricsOf(server);
	const last = await flood(writer, room, 3000);
	stream.res.resume();
	await stream.waitEvents(last - 2, 60000);
	assert.deepEqual(stream.events.map((event) => event.data.seq), Array.from({ length: last - 2 }, (_, i) => i + 3));
	await assertRead(earlier, 1);
});

test('one who asks much and does not read the answers is not read from, and gets them all later', { timeout: 120000 }, async (t) => {
	const writer = await clientFor(t, server, { guest: fresh('Writer') }, { keep: false });
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	await flood(writer, room, 100);
	const greedy = await Client.start(server, { token: writer.token }, { keep: false });
	t.after(() => greedy.close());
	greedy.pause();
	const earlier = await metricsOf(server);
	const before = server.rss();
	// 300 pages of 200 kB: 60 MB of answers if the server makes all at once.
	const answers = Array.from({ length: 300 }, () => greedy.request('history.read', { room, limit: 50 }, { timeoutMs: 100000 }));
	const now = await restAfter(server, earlier, 'parley_requests_total', 2);
	const growth = server.rss() - before;
	const taken = now.get('parley_requests_total') - earlier.get('parley_requests_total');
	t.diagnostic(`memory grew by ${Math.round(growth / 1024)} KiB; ${taken} requests were taken`);
	assert.ok(taken < answers.length, 'all were taken');
	assert.ok(growth < MEMORY_BOUND, `${growth} bytes`);
	await writer.settle();
	greedy.resume();
	const pages = await Promise.all(answers);
	assert.ok(pages.every((page) => page.events.length === 50));
});

// Over a Unix socket, whose buffers are small: the part of the answers that the kernel takes does not show in the server's memory.
test('one who asks for many pages at once and reads none of them costs the outbox and one page', { timeout: 120000 }, async (t) => {
	const path = join(temporaryDir(), 'parley.sock');
	const quiet = await serverFor(t, { listen: [`unix:${path}`], env: { ASAN_OPTIONS: asanOptions } });
	const connect = (data) => Client.start(`ws+unix://${path}:/ws`, data, { keep: false });
	const writer = await connect({ guest: 'Writer' });
	const room = (await writer.request('room.create', { name: 'room' })).id;
	await flood(writer, room, 100);
	const greedy = await Promise.all(Array.from({ length: 30 }, () => connect({ token: writer.token })));
	greedy.forEach((client) => client.pause());
	const operator = { socketPath: quiet.operatorSocket };
	const earlier = await metricsOf(operator);
	const before = quiet.rss();
	// 16 pages of 200 kB each: as many as may be under way.
	const answers = greedy.flatMap((client) => Array.from({ length: 16 }, () => client.request('history.read', { room, limit: 50 }, { timeoutMs: 100000 })));
	const now = await restAfter(operator, earlier, 'parley_requests_total', greedy.length);
	const growth = quiet.rss() - before;
	const taken = now.get('parley_requests_total') - earlier.get('parley_requests_total');
	t.diagnostic(`memory grew by ${Math.round(growth / 1024)} KiB; ${taken} requests were taken`);
	assert.ok(taken < answers.length, 'all were taken');
	assert.ok(growth < 30 * MIB * memoryScale, `${growth} bytes`);
	greedy.forEach((client) => client.resume());
	assert.ok((await Promise.all(answers)).every((page) => page.events.length === 50));
	await Promise.all([writer, ...greedy].map((client) => client.close()));
});
