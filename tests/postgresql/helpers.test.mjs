// The helpers with which tests run on PostgreSQL: that clusters die, come back and are promoted, and that the proxy cuts where it is told to.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Cluster, clusterFor, psql, runProgram } from '../e2e/lib/postgres.mjs';
import { PostgresProxy, isCommit, isCommitted } from '../e2e/lib/postgres_proxy.mjs';
import { until, within } from '../e2e/lib/wait.mjs';

let cluster;
before(async () => {
	cluster = await Cluster.start({ durable: false });
});
after(() => cluster.stop());

const TABLE = 'CREATE TABLE thing (n int)';
const things = (on, database) => on.query('SELECT n FROM thing ORDER BY n', { database });

async function databaseWithTable() {
	const database = await cluster.makeDatabase();
	await cluster.query(TABLE, { database });
	return database;
}

async function proxyFor(t, port = cluster.port) {
	const proxy = await PostgresProxy.start(port);
	t.after(() => proxy.close());
	return proxy;
}

test('each database is empty, and another one', async () => {
	const [one, two] = [await databaseWithTable(), await cluster.makeDatabase()];
	assert.notEqual(one, two);
	assert.equal(await psql(cluster.url(two), 'SELECT count(*) FROM information_schema.tables WHERE table_schema = \'public\''), '0');
	assert.equal(await psql(cluster.url(one), 'SELECT count(*) FROM thing'), '0');
});

test('a cluster writes to the disk unless it is told otherwise', async (t) => {
	const durable = await clusterFor(t);
	assert.equal(await durable.query('SHOW fsync'), 'on');
	assert.equal(await cluster.query('SHOW fsync'), 'off');
});

test('what was committed is there after kill -9 and after each way to stop, on the same port', async (t) => {
	const own = await clusterFor(t);
	await own.query(`${TABLE}; INSERT INTO thing VALUES (0)`);
	const { port } = own;
	const ends = [() => own.kill(), () => own.stop(), () => own.stop('immediate')];
	for (const [i, end] of ends.entries()) {
		await end();
		await assert.rejects(psql(own.url(), 'SELECT 1'), /refused/);
		await own.start();
		assert.equal(own.port, port);
		await own.query(`INSERT INTO thing VALUES (${i + 1})`);
	}
	assert.equal(await things(own), '0\n1\n2\n3');
});

test('what was not committed when it was killed is not there', async (t) => {
	const own = await clusterFor(t);
	await own.query(TABLE);
	const open = psql(own.url(), 'BEGIN; INSERT INTO thing VALUES (1); SELECT pg_sleep(600)');
	open.catch(() => {});
	await until(30000, 'the insert', async () => await own.query('SELECT count(*) FROM pg_stat_activity WHERE query LIKE \'SELECT pg_sleep%\' AND wait_event = \'PgSleep\'') === '1');
	await own.kill();
	await assert.rejects(open);
	await own.start();
	assert.equal(await things(own), '');
});

test('a killed backend ends its connection, and the cluster takes others', async (t) => {
	const own = await clusterFor(t);
	const database = await own.makeDatabase();
	const open = psql(own.url(database), 'SELECT pg_sleep(600)');
	open.catch(() => {});
	await until(30000, 'the connection', async () => await own.query(`SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND state = 'active'`) === '1');
	await own.killBackends(database);
	await assert.rejects(open);
	await until(30000, 'the cluster to recover', () => own.query('SELECT 1').catch(() => false));
});

test('a frozen cluster answers nothing, and goes on where it was', async (t) => {
	const own = await clusterFor(t);
	own.freeze();
	const waits = own.query('SELECT 7');
	await assert.rejects(within(300, 'an answer', waits), /timed out/);
	own.thaw();
	assert.equal(await waits, '7');
});

test('a standby follows, and is promoted when the first has died', async (t) => {
	const first = await clusterFor(t);
	await first.query(TABLE);
	const standby = await first.makeStandby();
	t.after(() => standby.destroy());
	await first.query('INSERT INTO thing VALUES (1)');
	await first.caughtUp(standby);
	assert.equal(await things(standby), '1');
	await assert.rejects(standby.query('INSERT INTO thing VALUES (2)'), /read-only transaction/);
	await first.kill();
	await standby.promote();
	await standby.query('INSERT INTO thing VALUES (2)');
	assert.equal(await things(standby), '1\n2');
});

test('a setting is changed while it runs', async (t) => {
	const own = await clusterFor(t);
	await own.set({ work_mem: '1234kB' });
	await until(30000, 'the setting', async () => await own.query('SHOW work_mem') === '1234kB');
});

test('the delay of each way is added to each round trip', async (t) => {
	const proxy = await proxyFor(t);
	// Six round trips: the refused encryption, the start, and four statements.
	const statements = 'SELECT 1;\nSELECT 2;\nSELECT 3;\nSELECT 4;';
	const timed = async () => {
		const began = performance.now();
		assert.equal(await psql(cluster.url('postgres', proxy.port), statements), '1\n2\n3\n4');
		return performance.now() - began;
	};
	for (const [toServer, toClient] of [[100, 0], [0, 100], [50, 50]]) {
		proxy.delaysMs = { toServer, toClient };
		const ms = await timed();
		assert.ok(ms >= 600, `${ms} ms`);
	}
});

// Both ways to speak: statements as texts, and prepared ones (pgbench's, since psql has them from version 16 on only).
const WAYS = {
	'as texts': (database, proxy) => psql(cluster.url(database, proxy.port), 'BEGIN;\nINSERT INTO thing VALUES (1);\nCOMMIT;'),
	'as prepared statements': (database, proxy, dir) => {
		const script = join(dir, 'script.sql');
		writeFileSync(script, 'BEGIN;\nINSERT INTO thing VALUES (1);\nCOMMIT;\n');
		return runProgram('pgbench', ['-n', '-M', 'prepared', '-t', '1', '-f', script, cluster.url(database, proxy.port)]);
	},
};

for (const [way, change] of Object.entries(WAYS)) {
	for (const [where, matches, rows] of [['before COMMIT', isCommit, ''], ['between COMMIT and its answer', isCommitted, '1']]) {
		test(`a connection is cut ${where}, ${way}`, async (t) => {
			const proxy = await proxyFor(t);
			const database = await databaseWithTable();
			const cut = proxy.cutAt(matches);
			const changed = change(database, proxy, cluster.dir);
			await assert.rejects(within(30000, 'the end of the connection', changed), /closed the connection|no connection|aborted/);
			await within(30000, 'the cut', cut);
			assert.equal(await things(cluster, database), rows);
			await change(database, proxy, cluster.dir); // once only
			assert.equal((await things(cluster, database)).split('\n').filter(Boolean).length, rows === '' ? 1 : 2);
		});
	}
}

test('a connection stands at the message, and others go on', async (t) => {
	const proxy = await proxyFor(t);
	const database = await databaseWithTable();
	const cut = proxy.cutAt(isCommitted, 'stand');
	const changed = WAYS['as texts'](database, proxy);
	changed.catch(() => {});
	await within(30000, 'the cut', cut);
	assert.equal(await things(cluster, database), '1');
	await assert.rejects(within(300, 'an answer', changed), /timed out/);
	await WAYS['as texts'](database, proxy);
	assert.equal(await things(cluster, database), '1\n1');
	proxy.resetAll();
	await assert.rejects(changed);
});

test('a stalled way holds back what was asked, until it flows', async (t) => {
	const proxy = await proxyFor(t);
	const database = await databaseWithTable();
	proxy.stall('toServer');
	const changed = WAYS['as texts'](database, proxy);
	await assert.rejects(within(300, 'an answer', changed), /timed out/);
	assert.equal(await things(cluster, database), '');
	proxy.flow('toServer');
	await changed;
	assert.equal(await things(cluster, database), '1');
});
