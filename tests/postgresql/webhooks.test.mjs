// Outgoing webhooks with two instances: one of them works for a webhook, and the other one when that is killed or leaves. What was changed through either counts.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { scaled } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { receiver } from '../e2e/lib/webhook_agent.mjs';
import { pairFor, startCluster } from './lib/pair.mjs';

const WAIT_MS = 60000;
const TAKEN_OVER_MS = 15000;
const N_KILLS = 3;
const ARGS = ['--webhook-allow', '127.0.0.0/8', '--webhook-retry-ms', '2'];

let cluster;
before(async () => {
	cluster = await startCluster();
});
after(() => cluster.stop());

async function place(t, { order = 'per_room', answer = () => 200 } = {}) {
	const pair = await pairFor(t, cluster, { args: ARGS });
	const { token } = await command(pair.servers[0], 'account.create', { name: 'Maker', password: 'correct horse' });
	const p = { pair, events: [] };
	p.ask = (side, type, data = {}) => command(pair.servers[side], type, data, { token });
	p.room = (await p.ask(0, 'room.create', { name: 'room' })).id;
	p.say = (side, text) => p.ask(side, 'message.send', { room: p.room, text });
	const to = await receiver(t, (request, response, got) => {
		const event = JSON.parse(got.body);
		const status = event.type === 'webhook.ping' ? 200 : answer(event);
		if (event.type !== 'webhook.ping' && status === 200) {
			p.events.push({ ...event, at: Date.now() });
		}
		response.writeHead(status).end();
	});
	p.made = (await p.ask(0, 'webhook.create', { name: 'w', order, url: to.url(), filter: { types: ['message.created'] } })).webhook;
	// The side that works for it; there is one at most.
	p.worker = () => until(WAIT_MS, 'an instance to work for it', async () => {
		const active = await Promise.all(pair.servers.map(async (server) => (await metricsOf(server)).get('parley_webhooks_active')));
		assert.ok(active[0] + active[1] <= 2);
		return active[0] + active[1] === 1 && { side: active[0] ? 0 : 1 };
	}).then(({ side }) => side);
	p.come = (what, check) => until(WAIT_MS, what, () => p.events.some(check));
	return p;
}

test('the one that works for it is killed again and again: the other takes over, and nothing is lost or out of order', { timeout: scaled(300000) }, async (t) => {
	const p = await place(t, { answer: () => (Math.random() < 0.1 ? 500 : 200) });
	const sent = [];
	for (let round = 0; round < N_KILLS; round++) {
		const side = await p.worker();
		const other = 1 - side;
		let killed = false;
		const sending = (async () => {
			for (let i = 0; !killed && i < 300; i++) {
				sent.push((await p.say(other, `${round}.${i}`)).seq);
			}
		})();
		const n = p.events.length;
		await until(WAIT_MS, 'some to come', () => p.events.length > n + 20);
		await p.pair.servers[side].kill();
		killed = true;
		const at = Date.now();
		await sending;
		const { seq } = await p.say(other, `after ${round}`);
		sent.push(seq);
		await p.come('what came after the kill', (e) => e.seq === seq);
		assert.ok(Date.now() - at < scaled(TAKEN_OVER_MS), `taken over after ${Date.now() - at} ms`);
		await p.pair.startServer(side);
	}
	const seqs = [...new Set(p.events.map((e) => e.seq))];
	assert.deepEqual(seqs, sent);
});

test('one that leaves gives it to the other at once', async (t) => {
	const p = await place(t);
	const side = await p.worker();
	await p.pair.servers[side].stop();
	const at = Date.now();
	await p.say(1 - side, 'after that');
	await p.come('the event', (e) => e.data.text === 'after that');
	assert.ok(Date.now() - at < scaled(8000), `${Date.now() - at} ms`);
});

test('what is changed and replayed through the other one counts, also while it waits for hours', async (t) => {
	let status = 500;
	const p = await place(t, { order: 'any', answer: () => status });
	const side = await p.worker();
	const other = 1 - side;
	for (const text of ['one', 'two', 'three', 'four', 'five', 'six']) {
		await p.say(other, text);
	}
	await until(WAIT_MS, 'it to fail', async () => (await p.ask(other, 'webhook.list')).webhooks[0].failing_since);
	// Attempts that are under way put events back once more.
	let nStill = 0;
	await until(WAIT_MS, 'everything to wait for an hour', async () => {
		const soon = 'next_ms < extract(epoch FROM clock_timestamp()) * 1000 + 1800000';
		const [n] = await p.pair.rows(`WITH moved AS (UPDATE subscription_event SET next_ms = next_ms + 3600000 WHERE ${soon} RETURNING 1) SELECT count(*) FROM moved`);
		nStill = n === '0' ? nStill + 1 : 0;
		return nStill === 20;
	}, 100);
	status = 200;
	await p.ask(other, 'webhook.update', { webhook: 'w', status: 'disabled' });
	await p.ask(other, 'webhook.update', { webhook: 'w', status: 'active' });
	await p.ask(other, 'webhook.replay', { webhook: 'w', room: p.room, from_seq: 1, to_seq: 1000 });
	await p.come('the event', (e) => e.data.text === 'one');
	await p.ask(other, 'webhook.delete', { webhook: 'w' });
	await until(WAIT_MS, 'nobody to work for it', async () => (await metricsOf(p.pair.servers[side])).get('parley_webhooks_active') === 0);
});
