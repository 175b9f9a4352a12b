// A database of an earlier version is taken into use: everything is in it, it was copied before, and the copy is removed after success.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { fresh } from './lib/client.mjs';
import { command } from './lib/http.mjs';
import { runServer, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { assertHasVersion1, copyIn, databaseIn, dump, known, makeVersion1, versionOf } from './lib/version_1.mjs';

function oldDir() {
	const dataDir = temporaryDir();
	makeVersion1(databaseIn(dataDir));
	return dataDir;
}

test('a database of version 1 has everything, and works', async () => {
	const dataDir = oldDir();
	const before = dump(databaseIn(dataDir));
	const server = await startServer({ dataDir });
	await assertHasVersion1(server);
	assert.match(server.stderr, /store\.copied_before_migration.*before-002/);
	assert.match(server.stderr, /store\.migrated/);
	for (const [name, password] of Object.entries(known.passwords)) {
		const { user } = await command(server, 'account.login', { name, password });
		assert.equal(user.id, known.people[name].user.id);
	}
	const [general] = known.people.Gus.rooms;
	const { seq } = await command(server, 'message.send', { room: general.id, text: 'after it' }, { token: known.tokens.Gus });
	assert.equal(seq, general.last_seq + 1);
	await assert.rejects(command(server, 'account.create', { name: 'Ann', password: fresh('password') }), /taken/);
	await assert.rejects(command(server, 'account.create', { name: '\u0430nn', password: fresh('password') }), /taken/); // a Cyrillic letter
	await command(server, 'account.logout', {}, { token: known.tokens.Gus }); // his last token: the trigger ends his membership
	await server.stop();
	assert.equal(dump(copyIn(dataDir)), before);
	assert.equal(statSync(copyIn(dataDir)).mode & 0o777, 0o600);
	assert.ok(versionOf(databaseIn(dataDir)) > 1);
	const next = await startServer({ dataDir });
	await until(30000, 'the guest without a token to leave', async () => {
		const { members } = await command(next, 'room.members', { room: general.id }, { token: known.tokens.ann });
		return members.length === general.members - 1 && !members.some(({ id }) => id === known.people.Gus.user.id);
	});
	await next.stop();
});

test('the copy stays until the server has ended cleanly, and serves after a further start', async () => {
	const dataDir = oldDir();
	const first = await startServer({ dataDir });
	assert.ok(existsSync(copyIn(dataDir)));
	await first.kill();
	const second = await startServer({ dataDir });
	assert.ok(existsSync(copyIn(dataDir)), 'the copy is gone after a server that was killed');
	await second.stop();
	const taken = createServer().listen(0, '127.0.0.1');
	await once(taken, 'listening');
	const refused = await runServer(['--data', dataDir, '--listen', `127.0.0.1:${taken.address().port}`]);
	taken.close();
	assert.match(refused.stderr, /127\.0\.0\.1/);
	assert.ok(existsSync(copyIn(dataDir)), 'the copy is gone after a start that never served');
	const third = await startServer({ dataDir });
	await until(30000, 'the copy to go', () => !existsSync(copyIn(dataDir)));
	await until(30000, 'the log to say so', () => /store\.copy_removed.*before-002/.test(third.stderr)); // it is written afterwards
	await assertHasVersion1(third);
	await third.stop();
	assert.deepEqual(readdirSync(dataDir).filter((name) => name.includes('before')), []);
});

test('the copy, put back, is what it was', async () => {
	const dataDir = oldDir();
	const server = await startServer({ dataDir });
	await server.stop();
	const other = temporaryDir();
	copyFileSync(copyIn(dataDir), databaseIn(other));
	const again = await startServer({ dataDir: other });
	const { epoch, user } = await command(again, 'session.start', { token: known.tokens.ann });
	assert.equal(user.id, known.people.ann.user.id);
	assert.notEqual(epoch, known.people.ann.epoch, 'a restored copy begins a new epoch');
	await again.stop();
	assert.equal(versionOf(copyIn(other)), 1);
});

test('half a copy and an old one are in nobody\'s way', async () => {
	const dataDir = oldDir();
	writeFileSync(`${copyIn(dataDir)}.new`, 'half');
	writeFileSync(`${copyIn(dataDir)}.new-journal`, 'half');
	writeFileSync(copyIn(dataDir), 'of an attempt that did not end');
	const before = dump(databaseIn(dataDir));
	const server = await startServer({ dataDir });
	await server.stop();
	assert.equal(dump(copyIn(dataDir)), before);
	assert.deepEqual(readdirSync(dataDir).filter((name) => name.includes('.new')), []);
});

test('a database of a newer version is refused and left alone', async () => {
	const dataDir = oldDir();
	execFileSync('python3', ['-c', 'import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute("PRAGMA user_version = 9999")\ndb.close()', databaseIn(dataDir)]);
	const before = readFileSync(databaseIn(dataDir));
	const { code, stderr } = await runServer(['--listen', '127.0.0.1:0', '--data', dataDir]);
	assert.equal(code, 1, stderr);
	assert.match(stderr, /newer version of parleyd/);
	assert.ok(readFileSync(databaseIn(dataDir)).equals(before));
	assert.ok(!readdirSync(dataDir).some((name) => name.includes('before')), join(dataDir, 'has a copy'));
});
