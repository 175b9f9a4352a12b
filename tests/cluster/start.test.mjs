// An instance of several that cannot start says why, in one sentence, and ends with status 1.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';
import { clusterFor } from '../e2e/lib/postgres.mjs';
import { redisFor } from '../e2e/lib/redis.mjs';
import { runServer, temporaryDir } from '../e2e/lib/server.mjs';

test('an address that is taken is named, with a database and with a bus', async (t) => {
	const [postgres, redis] = await Promise.all([clusterFor(t, { durable: false }), redisFor(t)]);
	const other = createServer().listen(0, '127.0.0.1');
	await once(other, 'listening');
	t.after(() => other.close());
	const address = `127.0.0.1:${other.address().port}`;
	const database = ['--database', postgres.socketUrl(await postgres.makeDatabase()), '--database-allow-asynchronous-commit', 'on'];
	for (const bus of [[], ['--redis', redis.url()], ['--redis', 'redis://127.0.0.1:1']]) {
		const ended = await runServer(['--data', join(temporaryDir(), 'data'), '--listen', address, ...database, ...bus]);
		assert.deepEqual([ended.code, ended.signal], [1, null], `${bus}: ${ended.stderr}`);
		assert.match(ended.stderr, new RegExp(`^parleyd: cannot listen on ${address}: .*Address already in use; another program listens there.*$`, 'm'), `${bus}`);
	}
});
