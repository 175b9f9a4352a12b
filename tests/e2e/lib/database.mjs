// Which database the servers of the fixture stand on. TEST_DATABASE=postgresql: each on a fresh database of one cluster of this process, which a server that is
// started again with the same data directory finds again. Without it: SQLite, as the server does by itself. No test asks which.
// What is about SQLite's files is listed in tests/e2e/sqlite_only, and tests/run leaves it out on PostgreSQL.
import assert from 'node:assert/strict';

const chosen = process.env.TEST_DATABASE || 'sqlite';
assert.ok(['sqlite', 'postgresql'].includes(chosen), `TEST_DATABASE=${chosen}: there are sqlite and postgresql`);

let cluster;
const databases = new Map(); // data directory → the promise of its database

async function makeDatabase() {
	const { Cluster } = await import('./postgres.mjs');
	cluster ??= Cluster.start({ durable: false });
	return (await cluster).makeDatabase();
}

// The server's options for a data directory.
export async function databaseArgs(dataDir) {
	if (chosen === 'sqlite') {
		return [];
	}
	if (!databases.has(dataDir)) {
		databases.set(dataDir, makeDatabase());
	}
	const database = await databases.get(dataDir);
	// Its cluster has no fsync, which a test does not wait for.
	return ['--database', (await cluster).socketUrl(database), '--database-allow-asynchronous-commit', 'on'];
}
