// The database does not answer, refuses, waits, or has no room, while a server and its people stay: nothing acknowledged is lost or doubled, and everything goes on when it is over.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import test, { after, before } from 'node:test';
import { sleep } from '../e2e/lib/env.mjs';
import { untilReadyIs } from '../e2e/lib/http.mjs';
import { giveAway } from '../e2e/lib/postgres.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { fillableDisk } from '../faults/lib/disk.mjs';
import { getThrough } from '../faults/lib/participant.mjs';
import { Stage, isFull, startKillable, summary, times } from './lib/stage.mjs';

const STALL_MS = times(500, 10000);
const REFUSED_MS = times(1000, 30000);
const LOCK_MS = times(500, 10000);
const TERMINATED = times(5, 200);

const disk = fillableDisk();
let cluster;
before(async () => {
	cluster = await startKillable({ env: { ...disk.env, TEST_FAULT_MATCH: '/base/' } });
});
after(() => cluster.destroy());

async function open(t, options) {
	const stage = await Stage.open(t, { cluster, ...options });
	await stage.invite({ pauseMs: 5 });
	await getThrough(stage.writers, 20);
	return stage;
}

// It is over: everything goes on. Nobody had to come back meanwhile.
async function goesOn(t, stage, what = '') {
	const backMs = await stage.untilAcknowledged();
	await getThrough(stage.writers, 20);
	const { acknowledged, found, events, duplicates } = await stage.check();
	assert.equal(found, acknowledged);
	stage.assertStayed();
	assert.equal(stage.nLogged('store.restored'), 0);
	await untilReadyIs(stage.server, 200);
	const refusals = stage.writers.flatMap((writer) => writer.refusals);
	assert.deepEqual(refusals.filter((code) => code !== 'unavailable'), []);
	t.diagnostic(`${what}; ${acknowledged} acknowledged, ${found} found, ${duplicates} as duplicates, ${events} events, ${refusals.length} times unavailable; first acknowledgement ${backMs} ms after`);
	return stage;
}

test(`the network stands still for ${STALL_MS} ms, each way and both`, { timeout: 240000 }, async (t) => {
	const stage = await open(t, { proxied: true });
	const backMs = [];
	for (const ways of [['toServer'], ['toClient'], ['toServer', 'toClient']]) {
		ways.forEach((way) => stage.proxy.stall(way));
		await sleep(STALL_MS); // the time is what is tested
		ways.forEach((way) => stage.proxy.flow(way));
		backMs.push(await stage.untilAcknowledged());
		await getThrough(stage.writers, 20);
	}
	await goesOn(t, stage, `first acknowledgements after ${backMs.join(', ')} ms`);
});

test(`connections are refused for ${REFUSED_MS} ms`, { timeout: 120000 }, async (t) => {
	const stage = await open(t, { proxied: true });
	const { port } = stage.proxy;
	await stage.proxy.close();
	const began = performance.now();
	const reason = await stage.untilAway();
	assert.match(reason, /Connection refused/);
	await sleep(Math.max(0, REFUSED_MS - (performance.now() - began)));
	await stage.proxy.listen(port);
	await goesOn(t, stage, reason);
	assert.deepEqual(['store.away', 'store.back'].map((event) => stage.nLogged(event)), [1, 1]);
});

test(`another session holds the row of a room, and of the writer, for ${LOCK_MS} ms`, { timeout: 240000 }, async (t) => {
	const stage = await open(t);
	const backMs = [];
	for (const rows of ['room WHERE name IS NOT NULL', 'writer']) {
		await stage.query(`BEGIN; SELECT 1 FROM ${rows} FOR UPDATE; SELECT pg_sleep(${LOCK_MS / 1000}); COMMIT`);
		backMs.push(await stage.untilAcknowledged());
		await getThrough(stage.writers, 20);
	}
	await goesOn(t, stage, `first acknowledgements after ${backMs.join(', ')} ms`);
});

test(`a statement takes too long, and is ended by ${isFull ? 'its time-out' : 'hand, as by its time-out'}`, { timeout: 240000 }, async (t) => {
	const stage = await open(t);
	await stage.query(`CREATE TABLE slow (n int); INSERT INTO slow VALUES (1);
		CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM slow) THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END $$;
		CREATE TRIGGER sleep BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION sleep()`);
	const sleeping = () => stage.query('SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = \'PgSleep\'');
	const pid = await until(60000, 'the statement to sleep', sleeping);
	if (isFull) {
		await until(60000, 'the time-out', async () => await sleeping() === '');
	}
	await stage.query(`DELETE FROM slow; SELECT pg_cancel_backend(${pid})`);
	await goesOn(t, stage, 'a statement was ended');
	assert.equal(stage.nLogged('store.away'), 0);
});

test(`${TERMINATED} of its connections are terminated at random`, { timeout: 600000 }, async (t) => {
	const stage = await open(t);
	const backMs = [];
	for (let i = 0; i < TERMINATED; i++) {
		const pid = await until(60000, 'a connection', () => stage.query('SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = \'parleyd\' ORDER BY random() LIMIT 1'));
		await stage.query(`SELECT pg_terminate_backend(${pid})`);
		backMs.push(await stage.untilAcknowledged());
	}
	await goesOn(t, stage, `from the end of one to the next acknowledgement: ${summary(backMs)} ms (least / median / most)`);
});

test('the database becomes read only, and writable again', { timeout: 120000 }, async (t) => {
	const stage = await open(t);
	const { writers } = stage;
	await cluster.set({ default_transaction_read_only: 'on' });
	await until(60000, 'a writer to be refused', () => writers.some(({ refusals }) => refusals.includes('unavailable')));
	await cluster.query('SET default_transaction_read_only = off; ALTER SYSTEM SET default_transaction_read_only = off');
	await cluster.query('SELECT pg_reload_conf()');
	await goesOn(t, stage, 'read only');
});

// A database whose tables are on the disk. The log of the cluster is elsewhere, so that the cluster lives on.
async function databaseOnDisk() {
	const name = 'parley_0';
	if (disk.kind === 'tmpfs') {
		chmodSync(dirname(disk.dataDir), 0o755);
		mkdirSync(disk.dataDir);
		giveAway(disk.dataDir);
		await cluster.query(`CREATE TABLESPACE small LOCATION '${disk.dataDir}'`);
	}
	await cluster.query(`CREATE DATABASE ${name} TEMPLATE template0 ${disk.kind === 'tmpfs' ? 'TABLESPACE small' : ''}`);
	return name;
}

test('the disk of the database is full, and has room again', { timeout: 120000 }, async (t) => {
	const stage = await open(t, { makeDatabase: databaseOnDisk });
	disk.fill();
	for (const writer of stage.writers) {
		writer.padding = 'x'.repeat(7000); // so that the pages that are there are full soon
	}
	const nRefused = () => Math.min(...stage.writers.map(({ refusals }) => refusals.length));
	const nAcknowledged = () => stage.writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
	await until(60000, 'nothing to have room any more', async () => {
		const [refused, acknowledged] = [nRefused(), nAcknowledged()];
		await until(60000, 'each to be refused', () => nRefused() > refused + 3);
		return nAcknowledged() === acknowledged;
	});
	await untilReadyIs(stage.server, 503);
	disk.free();
	await goesOn(t, stage, disk.kind);
	assert.equal(stage.nLogged('store.away'), 0, 'reading goes on');
	assert.equal(stage.nLogged('store.no_room'), 1);
});
