// Clients come back to another instance again and again while messages flow, so that many of these come between the back-fill and what follows live: none is lost or doubled.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { sleep } from '../e2e/lib/env.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { assertRecords } from '../faults/lib/checker.mjs';
import { Crowd } from '../postgresql/lib/pair.mjs';
import { Scene, times } from './lib/scene.mjs';

const N_MOVES = times(150, 4000);
const ROOMS = { nRooms: 10, nClients: 30, perSecond: 450 }; // if all sent: a third of them does
const CHANGE_EVERY_MS = 50;
// The most that each way takes, one way. The bus may be quicker than the database, or slower.
const POSTGRES_MS = 10;
const REDIS_MS = 40;

let scene;
before(async () => {
	scene = await Scene.open();
});
after(() => scene?.close());

// Until the function that it gives is called.
function changeDelays(instances) {
	const timer = setInterval(() => {
		for (const { postgresProxy, redisProxy } of instances) {
			postgresProxy.delayMs = Math.random() * POSTGRES_MS;
			redisProxy.delaysMs = { toServer: Math.random() * REDIS_MS, toClient: Math.random() * REDIS_MS };
		}
	}, CHANGE_EVERY_MS);
	return () => clearInterval(timer);
}

// n times: away, back at the next instance with its cursor, and a moment there.
async function moveAgain(participant, n) {
	for (let i = 0; i < n; i++) {
		const { client } = participant;
		assert.equal(client.close_, undefined, 'nobody else ends a connection');
		await participant.move();
		await until(60000, `${participant.name} to be back`, () => participant.client !== client);
		await sleep(Math.random() * 20);
	}
}

test(`clients come back ${N_MOVES} times to another instance while messages flow`, { timeout: 600000 }, async (t) => {
	const place = { servers: scene.instances.map(({ server }) => server), crowds: [] };
	const crowd = await Crowd.gather(place, ROOMS);
	t.after(() => crowd.leave());
	const still = changeDelays(scene.instances);
	t.after(still);
	// In each room one stays and sends, at one of the instances, and the others only read: nobody waits in vain for an answer.
	const senders = crowd.rooms.map(([sender]) => sender);
	const movers = crowd.rooms.flatMap(([, ...others]) => others);
	await Promise.all(senders.map((sender, i) => moveAgain(sender, i % place.servers.length)));
	senders.forEach((sender) => sender.startSending());
	await Promise.all(movers.map((mover) => moveAgain(mover, Math.ceil(N_MOVES / movers.length))));
	await Promise.all(senders.map((sender) => sender.stopSending()));
	still();
	let n = 0;
	for (const room of crowd.rooms) {
		n += (await assertRecords(scene.instances[0].server, room)).acknowledged;
	}
	t.diagnostic(`${n} messages; ${crowd.describeDelays()}`);
});
