// A database that parleyd 0.1.0 left before its migrations had numbers: people, bots, guests, rooms, private rooms, messages, marks.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientBinary } from './env.mjs';
import { command } from './http.mjs';
import { run } from './server.mjs';

const fixture = (name) => new URL(`../fixtures/${name}`, import.meta.url);
const sql = readFileSync(fixture('version_1.sql'), 'utf8');
export const known = JSON.parse(readFileSync(fixture('version_1.json'), 'utf8'));

// A program that ends without reading what it is given closes the pipe on us: `input` only for one that reads it.
const python = (program, args, options) => execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8', ...options });

// Makes the file, closed cleanly. Tokens count as used today, or they would be too old by now.
export function makeVersion1(path) {
	python(`
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.stdin.read())
db.execute('UPDATE token SET used_day = ?', (int(time.time()) // 86400,))
db.commit()
db.close()`, [path], { input: sql });
}

// The whole content of a database file as SQL, with its version: equal for equal databases.
export const dump = (path) => python(`
import sqlite3, sys
db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
print(db.execute('PRAGMA user_version').fetchone()[0])
for line in db.iterdump():
    print(line)`, [path]);

export const versionOf = (path) => Number(dump(path).split('\n', 1)[0]);

// All that `expected` says is so; there may be more.
function assertHolds(actual, expected, where) {
	if (expected === null || typeof expected !== 'object') {
		assert.equal(actual, expected, where);
		return;
	}
	assert.equal(typeof actual, 'object', where);
	if (Array.isArray(expected)) {
		assert.equal(actual.length, expected.length, where);
	}
	for (const [key, value] of Object.entries(expected)) {
		assertHolds(actual[key], value, `${where}.${key}`);
	}
}

// The server has all that was in it.
export async function assertHasVersion1(server) {
	for (const [name, token] of Object.entries(known.tokens)) {
		const start = await command(server, 'session.start', { token });
		const byId = (rooms) => Object.fromEntries(rooms.map((room) => [room.id, room]));
		assertHolds({ ...start, rooms: byId(start.rooms) }, { ...known.people[name], rooms: byId(known.people[name].rooms) }, name);
		assert.equal(start.rooms.length, known.people[name].rooms.length);
	}
	for (const [room, { by, members, events }] of Object.entries(known.rooms)) {
		const token = known.tokens[by];
		assertHolds((await command(server, 'history.read', { room, after: 0, limit: 100 }, { token })).events, events, room);
		assertHolds((await command(server, 'room.members', { room }, { token })).members, members, room);
	}
	const verify = await run(clientBinary, ['admin', '--data', server.dataDir, 'verify']);
	assert.equal(verify.code, 0, verify.stdout + verify.stderr);
}

export const databaseIn = (dir) => join(dir, 'parley.db');
export const copyIn = (dir) => join(dir, 'parley.db.before-002');
