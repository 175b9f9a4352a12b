// The server is ended while it takes a database of an earlier version into use, at each of its steps, or has no room for the copy that it makes first.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { buildDir } from '../e2e/lib/env.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { assertHasVersion1, copyIn, databaseIn, dump, makeVersion1, versionOf } from '../e2e/lib/version_1.mjs';
import { preload } from './lib/disk.mjs';

const old = databaseIn(temporaryDir());
makeVersion1(old);
const wanted = dump(old);

function oldDir() {
	const dataDir = temporaryDir();
	copyFileSync(old, databaseIn(dataDir));
	return dataDir;
}

// Starts it to be killed at the change number `at` of a file in its directory. The server, when it listens before that; undefined, when it was killed.
async function startToBeKilled(dataDir, at) {
	const library = join(buildDir, 'tests', 'fault', 'libfault_kill.so');
	assert.ok(existsSync(library), `${library} is not built`);
	const env = { ...preload('', ''), LD_PRELOAD: library, TEST_KILL_IN: dataDir, TEST_KILL_AT: String(at) };
	try {
		return await startServer({ dataDir, env });
	} catch (ended) {
		assert.equal(ended.exit?.signal, 'SIGKILL', ended.message);
		return undefined;
	}
}

// The next start has everything, and the copy is complete while it exists.
async function assertGoesOn(dataDir, where) {
	if (existsSync(copyIn(dataDir))) {
		assert.equal(dump(copyIn(dataDir)), wanted, `${where}: the copy is not whole`);
	}
	const wasMigrated = versionOf(databaseIn(dataDir)) > 1;
	const next = await startServer({ dataDir });
	await assertHasVersion1(next);
	await next.stop();
	assert.ok(existsSync(copyIn(dataDir)), `${where}: there is no copy`);
	assert.equal(dump(copyIn(dataDir)), wanted, where);
	assert.deepEqual(readdirSync(dataDir).filter((name) => name.includes('.new')), [], where);
	return wasMigrated;
}

test('killed at each step, the next start goes on from a whole file', async () => {
	const seen = { copied: 0, notMigrated: 0, migrated: 0 };
	let steps = 0;
	for (let at = 1; ; at++) {
		const dataDir = oldDir();
		const server = await startToBeKilled(dataDir, at);
		if (server) {
			await server.kill();
			assert.match(server.stderr, /store\.migrated/);
			break;
		}
		steps = at;
		seen.copied += existsSync(copyIn(dataDir));
		seen[await assertGoesOn(dataDir, `killed at change ${at}`) ? 'migrated' : 'notMigrated']++;
		rmSync(dataDir, { recursive: true });
	}
	// It was killed before the copy was whole, with it, and when the file was migrated already.
	assert.ok(seen.copied > 0 && seen.copied < steps && seen.migrated > 0, JSON.stringify({ ...seen, steps }));
});

test('without room for the copy nothing is touched, and the sentence says what to do', async () => {
	const dataDir = oldDir();
	const trigger = join(temporaryDir(), 'trigger');
	const before = readFileSync(databaseIn(dataDir));
	for (const fault of ['ENOSPC write parley.db.before-002.new$', 'EDQUOT write parley.db.before-002.new$']) {
		writeFileSync(trigger, `${fault}\n`);
		await assert.rejects(startServer({ dataDir, env: preload(trigger) }), (refused) => {
			assert.equal(refused.exit?.code, 1, refused.message);
			assert.match(refused.stderr, /parley\.db is of an earlier version.*there is no room for the copy.*make room/);
			return true;
		});
		assert.ok(readFileSync(databaseIn(dataDir)).equals(before));
		assert.deepEqual(readdirSync(dataDir).filter((name) => /before|\.reach/.test(name)), []);
	}
	rmSync(trigger);
	assert.equal(await assertGoesOn(dataDir, 'with room again'), false);
});

test('a copy that cannot be brought to disk is no copy', async () => {
	const dataDir = oldDir();
	const trigger = join(temporaryDir(), 'trigger');
	writeFileSync(trigger, 'EIO fsync parley.db.before-002.new$\n');
	await assert.rejects(startServer({ dataDir, env: preload(trigger) }), /the copy failed/);
	assert.equal(versionOf(databaseIn(dataDir)), 1);
	assert.deepEqual(readdirSync(dataDir).filter((name) => name.includes('before')), []);
});
