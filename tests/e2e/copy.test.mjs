// A store moves from SQLite to PostgreSQL and back: no row is lost, no client notices, and what stands in the way is named.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Client, fresh } from './lib/client.mjs';
import { flipIn } from './lib/damage.mjs';
import { binary, clientBinary } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { Cluster } from './lib/postgres.mjs';
import { run, runServer, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const N_ROOMS = 4;
const N_MESSAGES = 60; // in each room, by people
const N_FILLED = 40000; // events of one room more, by SQL: several pages and transactions
const N_KILLS = 20;
const SECRET = 'hunter2';

let cluster;
let filled; // a data directory, closed
let known; // what clients know of it

const copy = (from, to, options) => run(binary, ['copy', from, to], { timeoutMs: 120000, ...options });
const sqlite = (dir) => `sqlite:${dir}`;
const python = (program, ...args) => execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });

// What people make by way of the server, and many rows that only SQL makes in a moment.
async function fill(dataDir) {
	const server = await startServer({ dataDir });
	const [guest, other] = [await command(server, 'session.start', { guest: fresh('Guest') }), await command(server, 'session.start', { guest: fresh('Leaver') })];
	const { token } = guest;
	const bot = await run(clientBinary, ['admin', '--data', dataDir, 'bot', 'robot']);
	assert.equal(bot.code, 0, bot.stderr);
	await command(server, 'account.create', { name: 'Ann', password: fresh('a long password') });
	const rooms = [];
	for (let i = 0; i < N_ROOMS; i++) {
		const { id } = await command(server, 'room.create', { name: fresh('Raum’'), kind: i % 2 ? 'private' : 'public', topic: i ? '' : 'a topic 😀' }, { token });
		rooms.push(id);
		for (let k = 0; k < N_MESSAGES; k++) {
			const more = k > 3 ? { reply_to: 3, client_id: crypto.randomUUID() } : {};
			await command(server, 'message.send', { room: id, text: `${k} ’ 😀 \\u0000 \\ " \n`, ...more }, { token });
		}
	}
	await command(server, 'room.join', { room: rooms[0] }, { token: bot.stdout.trim() });
	await command(server, 'room.join', { room: rooms[0] }, { token: other.token });
	await command(server, 'read.mark', { room: rooms[0], seq: 30 }, { token: other.token });
	const start = await command(server, 'session.start', { token });
	await server.stop();
	makeRows(join(dataDir, 'parley.db'));
	return { token, rooms, epoch: start.epoch, last: Object.fromEntries(start.rooms.map(({ id, last_seq }) => [id, last_seq])) };
}

// The newest room's last event once more and once more. They have no checksum, as those of 0.1.0.
const makeRows = (path) => python(`
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
n_rows = int(sys.argv[2])
room, last, n = db.execute('SELECT no, last_seq, n_messages FROM room ORDER BY no DESC LIMIT 1').fetchone()
db.executemany("""INSERT INTO event SELECT ?1, id, type, author_no, at_ms, ?2, target_seq, replace(json, '"seq":' || ?3, '"seq":' || ?4), NULL
    FROM event WHERE pk = ?5""",
    ((room << 36 | last + i, n + i, last, last + i, room << 36 | last) for i in range(1, n_rows + 1)))
db.execute('UPDATE room SET last_seq = last_seq + ?, n_messages = n_messages + ? WHERE no = ?', (n_rows, n_rows, room))
db.commit()`, path, String(N_FILLED));

before(async () => {
	cluster = await Cluster.start();
	filled = temporaryDir();
	known = await fill(filled);
});
after(() => cluster.stop());

// A copy of the filled directory: no copy was ever made of it.
function freshSource() {
	const dir = join(temporaryDir(), 'data');
	mkdirSync(dir, { mode: 0o700 });
	cpSync(join(filled, 'parley.db'), join(dir, 'parley.db'));
	return dir;
}

const freshTarget = async () => cluster.url(await cluster.makeDatabase());
const databaseOf = (url) => url.slice(url.lastIndexOf('/') + 1);

const TABLES = { account: 'no', token: 'hash', room: 'no', member: 'user_no, room_no', event: 'pk', client_id: 'author_no, client_id' };

// All rows of all tables, in one form for both databases.
const sqliteRows = (dir) => python(`
import sqlite3, sys, json
db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
for table, key in json.loads(sys.argv[2]).items():
    print(table, ','.join(sorted(r[1] for r in db.execute('PRAGMA table_info(' + table + ')'))))
    columns = sorted(r[1] for r in db.execute('PRAGMA table_info(' + table + ')'))
    for row in db.execute('SELECT ' + ','.join(columns) + ' FROM ' + table + ' ORDER BY ' + key):
        print('|'.join('~' if v is None else v.hex() if isinstance(v, bytes) else v.encode().hex() + 't' if isinstance(v, str) else str(v) for v in row))
for key, value in db.execute("SELECT key, value FROM meta WHERE key IN ('epoch', 'made_ms', 'pinged_ms', 'skeletons') ORDER BY key"):
    print(key, value.hex() if isinstance(value, bytes) else value.encode().hex() if isinstance(value, str) else value)`, join(dir, 'parley.db'), JSON.stringify(TABLES)).trimEnd();

async function postgresRows(url) {
	const parts = [];
	for (const [table, key] of Object.entries(TABLES)) {
		const columns = (await cluster.query(`SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table}' ORDER BY column_name COLLATE "C"`,
			{ database: databaseOf(url) })).split('\n').map((line) => line.split('|'));
		const texts = columns.map(([name, type]) => `coalesce(${type === 'bytea' ? `encode(${name}, 'hex')` : type === 'text' ? `encode(convert_to(${name}, 'UTF8'), 'hex') || 't'` : `${name}::text`}, '~')`);
		parts.push(`${table} ${columns.map(([name]) => name).join(',')}`, await cluster.query(`SELECT ${texts.join(" || '|' || ")} FROM ${table} ORDER BY ${key}`, { database: databaseOf(url) }));
	}
	parts.push(await cluster.query(`SELECT key || ' ' || coalesce(value::text, encode(bytes, 'hex')) FROM meta WHERE key IN ('epoch', 'made_ms', 'pinged_ms', 'skeletons') ORDER BY key`, { database: databaseOf(url) }));
	return parts.filter(Boolean).join('\n');
}

function assertSame(one, other) {
	const [a, b] = [one.split('\n'), other.split('\n')];
	const at = a.findIndex((line, i) => line !== b[i]);
	assert.ok(one === other, `line ${at}:\n${a[at]}\n${b[at]}\n(${a.length} and ${b.length} lines)`);
	assert.ok(a.length > N_FILLED);
}

async function assertCopies(from, to) {
	const result = await copy(from, to);
	assert.equal(result.code, 0, result.stderr);
	return result;
}

test('there and back again every row of every table is the same, and a client goes on with its cursor', async () => {
	const [source, url, back] = [freshSource(), await freshTarget(), join(temporaryDir(), 'back')];
	const rows = sqliteRows(source);
	const { stderr } = await assertCopies(sqlite(source), url);
	assert.match(stderr, /^copied event: \d+ rows$/m);
	assert.match(stderr, /^verified event: \d+ rows$/m);
	assertSame(await postgresRows(url), rows);
	assert.equal(await cluster.query(`SELECT nextval('room_no') > max(no), nextval('account_no') > (SELECT max(no) FROM account) FROM room`, { database: databaseOf(url) }), 't|t');
	await assertCopies(url, sqlite(back));
	assertSame(sqliteRows(back), rows);
	const server = await startServer({ dataDir: back });
	try {
		const [room] = known.rooms;
		const client = await Client.start(server, { token: known.token, resume: { [room]: known.last[room] - 5 } });
		assert.equal(client.session.epoch, known.epoch);
		await client.waitSeq(room, known.last[room]);
		const { seq } = await client.request('message.send', { room, text: 'after it' });
		assert.equal(seq, known.last[room] + 1);
		await client.waitSeq(room, seq);
		assert.equal(client.gaps, 0);
		await client.close();
		const verified = await run(clientBinary, ['admin', '--data', back, 'verify']);
		assert.match(verified.stdout, /faults: 0/);
	} finally {
		await server.stop();
	}
});
