// Another database takes the place of the one that died: everybody is told that the history is another one, goes on with it, and finds everything that it has.
import assert from 'node:assert/strict';
import test from 'node:test';
import { join } from 'node:path';
import { untilReadyIs } from '../e2e/lib/http.mjs';
import { runProgram } from '../e2e/lib/postgres.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { getThrough } from '../faults/lib/participant.mjs';
import { Stage, times } from './lib/stage.mjs';

const MESSAGES = times(50, 500);

// All are told of a gap, once, and go on; gives what was counted.
async function goesOn(t, stage, reason) {
	const backMs = await stage.untilAcknowledged();
	const nPeople = stage.people.length;
	await until(60000, 'all to be told', () => stage.people.every(({ gaps }) => gaps.length === 1));
	await getThrough(stage.writers, MESSAGES);
	const counts = await stage.check({ nRestored: 1 });
	await untilReadyIs(stage.server, 200);
	assert.equal(stage.nLogged('store.restored'), 1);
	assert.equal(stage.nLogged('store.away'), 1);
	t.diagnostic(`${counts.acknowledged} acknowledged, ${counts.found} found, ${counts.acknowledged - counts.found} lost with the old database, ${counts.duplicates} as duplicates; ${nPeople} gaps`);
	t.diagnostic(`from the database being back to the first acknowledgement: ${backMs} ms; /readyz said: ${reason}`);
	return counts;
}

// The primary dies, the standby takes its place and its address.
async function failOver(stage) {
	await stage.cluster.kill();
	const reason = await stage.untilAway();
	await stage.standby.promote();
	stage.proxy.targetPort = stage.standby.port;
	[stage.cluster, stage.standby] = [stage.standby, stage.cluster];
	return reason;
}

async function openWithStandby(t) {
	const stage = await Stage.open(t, { proxied: true });
	stage.standby = await stage.cluster.makeStandby();
	await stage.invite({ pauseMs: 5 });
	await getThrough(stage.writers, MESSAGES);
	return stage;
}

test('a standby that is behind is promoted', { timeout: 300000 }, async (t) => {
	const stage = await openWithStandby(t);
	await stage.cluster.caughtUp(stage.standby);
	await stage.standby.set({ primary_conninfo: '' });
	await until(30000, 'the standby to be cut off', async () => await stage.cluster.query('SELECT count(*) FROM pg_stat_replication') === '0');
	await getThrough(stage.writers, MESSAGES);
	const { acknowledged, found } = await goesOn(t, stage, await failOver(stage));
	assert.ok(acknowledged - found >= MESSAGES, 'the standby was not behind');
});

test('a standby that has all is promoted', { timeout: 300000 }, async (t) => {
	const stage = await openWithStandby(t);
	await stage.cluster.set({ synchronous_standby_names: '*' });
	await until(30000, 'the standby to be waited for', async () => await stage.cluster.query('SELECT sync_state FROM pg_stat_replication') === 'sync');
	await getThrough(stage.writers, MESSAGES);
	await stage.standby.set({ synchronous_standby_names: '' }); // once it is the primary, it waits for nobody
	const { acknowledged, found } = await goesOn(t, stage, await failOver(stage));
	assert.equal(found, acknowledged);
});

test('a dump is restored in the place of the database', { timeout: 300000 }, async (t) => {
	const stage = await Stage.open(t, { proxied: true });
	await stage.invite({ pauseMs: 5 });
	await getThrough(stage.writers, MESSAGES);
	const { cluster, database } = stage;
	const dump = join(cluster.dir, 'dump');
	await runProgram('pg_dump', ['-Fc', '-f', dump, '-d', cluster.socketUrl(database)]);
	await getThrough(stage.writers, MESSAGES);
	const other = await cluster.makeDatabase();
	await runProgram('pg_restore', ['--no-owner', '-d', cluster.socketUrl(other), dump]);
	await cluster.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
	const reason = await stage.untilAway();
	await until(30000, 'its connections to end', async () => await cluster.query(`SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}'`) === '0');
	await cluster.query(`ALTER DATABASE ${database} RENAME TO before; ALTER DATABASE ${other} RENAME TO ${database}`);
	const { acknowledged, found } = await goesOn(t, stage, reason);
	assert.ok(acknowledged - found >= MESSAGES, 'nothing was lost');
});
