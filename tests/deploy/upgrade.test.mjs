// What deploy/OPERATING.md ("Upgrade") says of a newer version beside an older one: the database of a newer one, from the older one's side.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientFor, fresh } from '../e2e/lib/client.mjs';
import { get } from '../e2e/lib/http.mjs';
import { clusterFor } from '../e2e/lib/postgres.mjs';
import { runServer, serverFor, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';

test('an older instance goes on after a newer one\'s step, until it connects anew; another older one does not start', async (t) => {
	const cluster = await clusterFor(t, { durable: false });
	const database = await cluster.makeDatabase();
	const args = ['--database', cluster.url(database), '--database-allow-asynchronous-commit', 'on'];
	const older = await serverFor(t, { args });
	const client = await clientFor(t, older, { guest: fresh('Ann') });
	const { id: room } = await client.request('room.create', { name: fresh('room') });
	const step = (change) => cluster.query(`UPDATE meta SET value = value ${change} 1 WHERE key = 'schema'`, { database });
	const isReady = async () => (await get(older, '/readyz')).status === 200;

	await step('+');
	await client.request('message.send', { room, text: 'goes on' });
	const refused = await runServer([...args, '--data', temporaryDir(), '--listen', '127.0.0.1:0']);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /was migrated to step \d+ by a newer parleyd/);

	await cluster.killBackends(database);
	await until(30000, 'the older one to say why it is away', async () => /was migrated to step/.test((await get(older, '/readyz')).text));
	await client.refused('message.send', { room, text: 'not now' }, 'unavailable');
	await step('-');
	await until(30000, 'it to be back', isReady);
	await client.request('message.send', { room, text: 'here again' });
});
