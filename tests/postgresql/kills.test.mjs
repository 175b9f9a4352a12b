// kill -9 under load, of the server and of its database: nothing acknowledged is lost or doubled, and clients of a server that lives stay connected.
import assert from 'node:assert/strict';
import test from 'node:test';
import { untilReadyIs } from '../e2e/lib/http.mjs';
import { getThrough } from '../faults/lib/participant.mjs';
import { Stage, summary, times } from './lib/stage.mjs';

const SERVER_KILLS = times(3, 20);
const DATABASE_KILLS = times(3, 10);
const anyUpTo = (n) => 1 + Math.floor(Math.random() * n);

test(`parleyd is killed ${SERVER_KILLS} times`, { timeout: 600000 }, async (t) => {
	const stage = await Stage.open(t);
	await stage.invite({ answerMs: 3000 });
	const backMs = [];
	for (let i = 0; i < SERVER_KILLS; i++) {
		if (i % 4 !== 2) { // each fourth at once, while they come back
			await getThrough(stage.writers, anyUpTo(100));
		}
		await stage.server.kill();
		await stage.startServer();
		backMs.push(await stage.untilAcknowledged());
	}
	const { acknowledged, found, events, duplicates } = await stage.check();
	assert.equal(found, acknowledged);
	t.diagnostic(`${SERVER_KILLS} kills: ${acknowledged} acknowledged, ${found} found (${duplicates} had been committed before they were repeated), ${events} events`);
	t.diagnostic(`from listening to the first acknowledgement: ${summary(backMs)} ms (least / median / most)`);
});

test(`PostgreSQL dies ${DATABASE_KILLS} times under a server`, { timeout: 600000 }, async (t) => {
	const stage = await Stage.open(t);
	await stage.invite();
	const { cluster, server } = stage;
	const ends = [() => cluster.kill(), () => cluster.stop('immediate'), () => cluster.killBackends(stage.database).then(() => cluster.kill())];
	const backMs = [];
	const reasons = new Set();
	for (let i = 0; i < DATABASE_KILLS; i++) {
		await getThrough(stage.writers, anyUpTo(200));
		await ends[i % ends.length]();
		reasons.add(await stage.untilAway());
		await cluster.start();
		backMs.push(await stage.untilAcknowledged());
		await untilReadyIs(server, 200);
	}
	const { acknowledged, found, events, duplicates } = await stage.check();
	assert.equal(found, acknowledged);
	stage.assertStayed();
	assert.equal(stage.nLogged('store.away'), DATABASE_KILLS);
	assert.equal(stage.nLogged('store.back'), DATABASE_KILLS);
	assert.equal(stage.nLogged('store.restored'), 0, 'the same history');
	const nUndecided = stage.nLogged('store.decided');
	t.diagnostic(`${DATABASE_KILLS} ends: ${acknowledged} acknowledged, ${found} found (${duplicates} as duplicates), ${events} events, ${nUndecided} commits whose answer was lost`);
	t.diagnostic(`from the database being back to the first acknowledgement: ${summary(backMs)} ms (least / median / most)`);
	t.diagnostic(`told at /readyz: ${[...reasons].join('; ')}`);
});
