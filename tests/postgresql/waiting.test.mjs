// Many clients try while the database is away: that costs the server neither memory nor descriptors, and waiting costs no time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { memoryScale, sleep } from '../e2e/lib/env.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Stage, times } from './lib/stage.mjs';

const CLIENTS = times(300, 2000);
const ROUNDS = times(3, 20);
const AT_ONCE = 50;
const MEMORY_MIB_MOST = 8;
const IDLE_MS = 1000;
const IDLE_SHARE_MOST = 0.1;
const CONNECTIONS = 4; // to the database: one that writes, three that read
const TICKS_PER_SECOND = 100;

const cpuSeconds = ({ pid }) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
const mib = (bytes) => Math.round(bytes / 1024 / 1024 * 10) / 10;

async function arrive(stage) {
	const clients = [];
	for (let i = 0; i < CLIENTS; i += AT_ONCE) {
		clients.push(...await Promise.all(Array.from({ length: AT_ONCE }, async (_, k) => {
			const client = await Client.start(stage.server, { guest: `client ${i + k}` }, { keep: false });
			const { id } = await client.request('room.create', { name: `room ${i + k}` });
			client.room = id;
			return client;
		})));
	}
	return clients;
}

// Each sends to its room and reads it; gives 'ok' or the code of each answer.
const tryAll = (clients) => Promise.all(clients.flatMap((client, i) => [
	client.request('message.send', { room: client.room, text: `round ${i} ${'x'.repeat(1000)}` }), client.request('history.read', { room: client.room }),
]).map((asked) => asked.then(() => 'ok', ({ code, message }) => code ?? message)));

test(`${CLIENTS} clients try ${ROUNDS} times while the database is away`, { timeout: 600000 }, async (t) => {
	const stage = await Stage.open(t);
	const { server, cluster } = stage;
	const clients = await arrive(stage);
	t.after(() => clients.forEach((client) => client.terminate()));
	assert.deepEqual([...new Set(await tryAll(clients))], ['ok']);
	const descriptors = server.fds();
	await cluster.kill();
	await stage.untilAway();
	await tryAll(clients); // the memory that it takes to refuse all at once, it has now
	const [began, memory] = [performance.now(), server.rss()];
	for (let i = 0; i < ROUNDS; i++) {
		assert.deepEqual([...new Set(await tryAll(clients))], ['unavailable']);
	}
	const ms = Math.round(performance.now() - began);
	const growth = server.rss() - memory;
	const waiting = (await metricsOf(server)).get('parley_store_waiting');
	const cpu = cpuSeconds(server);
	await sleep(IDLE_MS); // the time is what is measured
	const share = (cpuSeconds(server) - cpu) / (IDLE_MS / 1000);
	t.diagnostic(`${2 * CLIENTS * ROUNDS} refusals in ${ms} ms: memory grew by ${mib(growth)} MiB of ${mib(memory)}, ${server.fds()} descriptors of ${descriptors}, ${waiting} operations wait; idle it used ${Math.round(share * 100)} % of a processor`);
	assert.ok(growth <= MEMORY_MIB_MOST * memoryScale * 1024 * 1024, `${mib(growth)} MiB`);
	assert.ok(server.fds() <= descriptors, server.describeFds());
	assert.ok(waiting <= CONNECTIONS, `${waiting} operations wait`);
	assert.ok(share <= IDLE_SHARE_MOST, `${share} of a processor`);
	await cluster.start();
	await until(60000, 'all to be answered', async () => (await tryAll(clients)).every((answer) => answer === 'ok'));
	assert.ok(clients.every((client) => !client.close_), 'somebody had to come back');
	const lines = Object.fromEntries(['store.away', 'store.back', 'store.not_connected'].map((event) => [event, stage.nLogged(event)]));
	t.diagnostic(JSON.stringify(lines));
	assert.deepEqual([lines['store.away'], lines['store.back']], [1, 1]);
	assert.ok(lines['store.not_connected'] <= 2 * CONNECTIONS, 'a line for each connection that is lost, and one for each other reason');
	assert.ok(server.fds() <= descriptors + 1, server.describeFds());
});
