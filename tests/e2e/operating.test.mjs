import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { memoryScale } from './lib/env.mjs';
import { get } from './lib/http.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const metrics = () => metricsOf(server);

test('/healthz answers ok', async () => {
	const answer = await get(server, '/healthz');
	assert.equal(answer.status, 200);
	assert.equal(answer.text, 'ok\n');
});

test('/readyz answers 200, also to many who ask at once', async () => {
	const answers = await Promise.all(Array.from({ length: 20 }, () => get(server, '/readyz')));
	for (const answer of answers) {
		assert.equal(answer.status, 200, answer.text);
	}
});

test('/readyz costs a commit a second at most, however often it is asked', async () => {
	const before = await metricsOf(server);
	const started = Date.now();
	let n = 0;
	for (; n < 300; n++) {
		assert.equal((await get(server, '/readyz')).status, 200);
	}
	const commits = (await metricsOf(server)).get('parley_commits_total') - before.get('parley_commits_total');
	const seconds = (Date.now() - started) / 1000;
	assert.ok(commits <= seconds + 2, `${commits} commits for ${n} times in ${seconds} s`);
});

test('/readyz leaves no trace in rooms', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Watcher') });
	const before = (await client.request('room.list', {})).rooms.length;
	await get(server, '/readyz');
	assert.equal((await client.request('room.list', {})).rooms.length, before);
	assert.deepEqual(client.events, []);
});

test('/metrics counts connections, sessions, rooms and readers now', async (t) => {
	const before = await metrics();
	const one = await clientFor(t, server, { guest: fresh('One') });
	const room = (await one.request('room.create', { name: fresh('room') })).id;
	const two = await clientFor(t, server, { token: one.token });
	const now = await metrics();
	const grown = (name) => now.get(name) - before.get(name);
	assert.equal(grown('parley_sessions'), 2);
	assert.ok(grown('parley_connections') >= 2);
	assert.ok(grown('parley_rooms_loaded') >= 1);
	assert.equal(grown('parley_readers'), 2);
	await two.close();
	await one.request('room.leave', { room });
	const then = await metrics();
	assert.equal(then.get('parley_sessions') - before.get('parley_sessions'), 1);
	assert.equal(then.get('parley_readers') - before.get('parley_readers'), 0);
});

test('/metrics counts events, deliveries, commits, duplicates and how long they took', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Sender') });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	const before = await metrics();
	const client_id = '12345678-1234-4123-8123-123456789abc';
	for (let i = 0; i < 10; i++) {
		await client.request('message.send', { room, text: 'x' });
	}
	await client.request('message.send', { room, text: 'x', client_id });
	await client.request('message.send', { room, text: 'x', client_id });
	await client.waitSeq(room, 13);
	const now = await metrics();
	const grown = (name) => now.get(name) - before.get(name);
	assert.equal(grown('parley_events_in_total'), 11);
	assert.ok(grown('parley_deliveries_total') >= 11);
	assert.ok(grown('parley_commits_total') >= 11);
	assert.equal(grown('parley_duplicates_total'), 1);
	assert.ok(grown('parley_acknowledge_seconds_count') >= 11);
	assert.ok(grown('parley_commit_seconds_count') >= 11);
	assert.ok(grown('parley_requests_total') >= 12);
	assert.ok(grown('parley_bytes_in_total') > 0 && grown('parley_bytes_out_total') > 0);
	assert.ok(now.get('parley_acknowledge_seconds_sum') < 60);
});

test('histograms are cumulative and end with all', async () => {
	const now = await metrics();
	for (const name of ['acknowledge_seconds', 'commit_seconds', 'commit_operations', 'sweep_seconds', 'sweep_readers']) {
		const buckets = [...now].filter(([key]) => key.startsWith(`parley_${name}_bucket`));
		assert.ok(buckets.length > 5, name);
		let last = -1;
		let bound = -1;
		for (const [key, value] of buckets) {
			const le = Number(/le="([^"]+)"/.exec(key)[1].replace('+Inf', 'Infinity'));
			assert.ok(le > bound && value >= last, key);
			[bound, last] = [le, value];
		}
		assert.equal(bound, Infinity);
		assert.equal(last, now.get(`parley_${name}_count`));
	}
});

test('/metrics counts errors by code', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Clumsy') });
	const before = await metrics();
	await client.refused('room.get', { room: fresh('absent') }, 'not_found');
	await client.refused('room.get', {}, 'invalid_request');
	const now = await metrics();
	for (const code of ['not_found', 'invalid_request']) {
		const name = `parley_errors_by_code_total{code="${code}"}`;
		assert.equal(now.get(name) - before.get(name), 1, code);
	}
	assert.equal(now.get('parley_errors_total') - before.get('parley_errors_total'), 2);
});

test('starting takes little time and memory', async (t) => {
	const began = process.hrtime.bigint();
	const fast = await startServer();
	const ms = Number(process.hrtime.bigint() - began) / 1e6;
	t.diagnostic(`listening after ${ms.toFixed(0)} ms with ${(fast.rss() / 1048576).toFixed(1)} MiB resident`);
	const row = memoryScale > 1 ? 'RssAnon' : 'VmRSS'; // the code of a sanitizer's build is several times as large
	assert.ok(fast.rss(row) < 15 * memoryScale * 1048576); // of the time there is no telling: it is the machine's
	await fast.stop();
});
