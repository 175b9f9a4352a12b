// Two servers on one PostgreSQL under load: everybody's record is complete, at any server that they are at, go to, or come back to.
// PAIR_ROOMS=200 PAIR_CLIENTS=2000 PAIR_SECONDS=40 PAIR_MESSAGES=200 (a second) is the full size; PAIR_P99_MS is the most that 99 in 100 of the other's events may take.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { sleep } from '../e2e/lib/env.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { assertRecords, assertWhole } from '../faults/lib/checker.mjs';
import { getThrough } from '../faults/lib/participant.mjs';
import { Crowd, assertState, pairFor, startCluster } from './lib/pair.mjs';

const size = (name, usual) => Number(process.env[`PAIR_${name}`] ?? usual);
const N_ROOMS = size('ROOMS', 10);
const N_CLIENTS = size('CLIENTS', 60);
const SECONDS = size('SECONDS', 3);
const MESSAGES_PER_S = size('MESSAGES', 200);
const P99_MS_MOST = size('P99_MS', Infinity);
const TIMEOUT = { timeout: 600000 };

let cluster;
before(async () => {
	cluster = await startCluster();
});
after(() => cluster.stop());

// Everybody saw every seq once, in order, in the log's bytes, what was acknowledged is in it once, and the database holds together.
async function assertAllWhole(pair, crowd) {
	let n = 0;
	for (const room of crowd.rooms) {
		n += (await assertRecords(pair.servers[0], [...room, ...crowd.streams.filter((stream) => stream.room === room[0].room)])).acknowledged;
	}
	await crowd.leave();
	await assertState(pair);
	await assertWhole(pair.servers[1]);
	return n;
}

test(`${N_CLIENTS} clients in ${N_ROOMS} rooms, half of each room's at each server`, TIMEOUT, async (t) => {
	const pair = await pairFor(t, cluster);
	const crowd = await Crowd.gather(pair, { nRooms: N_ROOMS, nClients: N_CLIENTS, perSecond: MESSAGES_PER_S });
	crowd.streams = await Promise.all([0, 1].map((side) => crowd.rooms[0][1 - side].readsToo(() => side)));
	crowd.startSending();
	await sleep(SECONDS * 1000);
	await crowd.stopSending();
	const n = await assertAllWhole(pair, crowd);
	assert.ok(crowd.delays.own.length > n && crowd.delays.other.length > n, 'each message reaches several at each server');
	assert.ok(crowd.streams.every((stream) => stream.seen.length > 0), 'the streams have read');
	t.diagnostic(`${n} messages in ${SECONDS} s: ${crowd.describeDelays()}`);
	assert.ok(crowd.p99Other() <= P99_MS_MOST, `99 in 100 of the other's events within ${P99_MS_MOST} ms`);
});

test('clients and streams go from one server to the other and back, with their cursors', TIMEOUT, async (t) => {
	const pair = await pairFor(t, cluster);
	const crowd = await Crowd.gather(pair, { nRooms: 3, nClients: 18, perSecond: 300 });
	crowd.streams = await Promise.all(crowd.rooms.map(([first]) => first.readsToo(() => Math.round(Math.random()))));
	crowd.startSending();
	const movers = crowd.participants.filter((_, i) => i % 3 !== 0);
	for (let i = 0; i < 6; i++) {
		await getThrough(crowd.participants, 60);
		const moved = await Promise.all(movers.map((mover) => mover.move()));
		crowd.streams.forEach(({ stream }) => stream.close());
		await until(20000, 'all to have arrived', () => movers.every((mover, at) => mover.nConnections > moved[at] && mover.client.session));
	}
	await crowd.stopSending();
	const n = await assertAllWhole(pair, crowd);
	assert.ok(crowd.streams.every((stream) => stream.nConnections > 6), 'the streams came back each time');
	t.diagnostic(`${n} messages, ${6 * movers.length} moves: ${crowd.describeDelays()}`);
});

test('one server is killed and comes back, while the other goes on', TIMEOUT, async (t) => {
	const pair = await pairFor(t, cluster);
	const crowd = await Crowd.gather(pair, { nRooms: 3, nClients: 18, perSecond: 300 });
	crowd.streams = await Promise.all(crowd.rooms.map(([first], i) => first.readsToo(() => i % 2)));
	crowd.startSending();
	for (let i = 0; i < 6; i++) {
		await getThrough(crowd.participants, Math.floor(Math.random() * 100));
		await pair.servers[i % 2].kill();
		// Some do not wait for it.
		await Promise.all(crowd.participants.filter((each, at) => each.side === i % 2 && at % 4 === 0).map((each) => each.move()));
		await getThrough(crowd.participants.filter((each) => each.side !== i % 2), 30);
		await pair.startServer(i % 2);
	}
	await Promise.all(crowd.participants.map((each) => each.getsThrough(1)));
	await crowd.stopSending();
	const n = await assertAllWhole(pair, crowd);
	t.diagnostic(`${n} messages, 6 kills: ${crowd.describeDelays()}`);
});
