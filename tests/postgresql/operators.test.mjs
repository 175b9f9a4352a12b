// What whoever runs the database does to it while servers use it: locks for maintenance, rights that are missing, a schema that comes between.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, fresh } from '../e2e/lib/client.mjs';
import { get } from '../e2e/lib/http.mjs';
import { Cluster } from '../e2e/lib/postgres.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';

const TIMEOUT = { timeout: 120000 };
const refusal = (promise) => promise.then(() => assert.fail('it was answered'), (error) => error);

let cluster;
before(async () => {
	cluster = await Cluster.start({ durable: false });
});
after(() => cluster.destroy());

async function open(t, { user = 'parley', database } = {}) {
	const url = cluster.url(database ?? await cluster.makeDatabase()).replace('parley@', `${user}@`);
	const server = await startServer({ args: ['--database', url, '--database-allow-asynchronous-commit', 'on'] });
	t.after(() => server.stop());
	return server;
}

async function enter(server) {
	const ann = await Client.connect(server);
	await ann.signIn({ guest: fresh('Ann') });
	const { id } = await ann.request('room.create', { name: fresh('room') });
	await ann.request('message.send', { room: id, text: 'one' });
	return { ann, room: id };
}

test('while a table is locked, as by VACUUM FULL, who reads is told to come again', TIMEOUT, async (t) => {
	const database = await cluster.makeDatabase();
	const { ann, room } = await enter(await open(t, { database }));
	const holder = cluster.query('SET application_name = holder; BEGIN; LOCK TABLE event; SELECT pg_sleep(600)', { database }).catch(() => {});
	const holds = `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'holder' AND l.mode = 'AccessExclusiveLock' AND l.granted`;
	await until(30000, 'the lock', async () => await cluster.query(holds) === '1');
	const sent = ann.request('message.send', { room, text: 'two' }, { timeoutMs: 60000 });
	const error = await refusal(ann.request('history.read', { room }, { timeoutMs: 60000 }));
	assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
	await cluster.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \'holder\'');
	await holder;
	await sent.catch(({ code }) => assert.equal(code, 'unavailable'));
	const { events } = await ann.request('history.read', { room });
	assert.ok(events.some((event) => event.data.text === 'one'));
	await ann.close();
});

test('a right that is missing is named in the log, and the server goes on when it is given', TIMEOUT, async (t) => {
	const database = await cluster.makeDatabase();
	await (await open(t, { database })).stop();
	await cluster.query('CREATE ROLE clerk LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk; REVOKE DELETE ON writer FROM clerk', { database });
	const server = await open(t, { user: 'clerk', database });
	const stranger = await Client.connect(server);
	const error = await refusal(stranger.request('session.start', { guest: fresh('Ann') }));
	assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
	assert.match(server.stderr, / store\.write_failed operation="enter" reason="permission denied for table writer \(42501\)"/);
	await stranger.close();
	await cluster.query('GRANT DELETE ON writer TO clerk', { database });
	const { ann } = await enter(server);
	await ann.close();
});

test('a schema that comes before that of the tables makes no empty server', TIMEOUT, async (t) => {
	const database = await cluster.makeDatabase();
	const server = await open(t, { database });
	const { ann, room } = await enter(server);
	await cluster.query('CREATE SCHEMA parley', { database });
	await cluster.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`);
	await until(30000, '/readyz to tell', async () => (await get(server, '/readyz')).text.includes('the tables are gone'));
	await cluster.query('DROP SCHEMA parley', { database });
	await until(30000, 'it to be back', async () => (await get(server, '/readyz')).status === 200);
	assert.equal((await ann.request('message.send', { room, text: 'two' })).seq > 0, true);
	assert.doesNotMatch(server.stderr, / store\.restored /);
	await ann.close();
});
