// A store moves from SQLite to PostgreSQL and back: no row is lost, no client notices, and an obstacle is named.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { Client, fresh } from './lib/client.mjs';
import { flipIn } from './lib/damage.mjs';
import { binary, clientBinary } from './lib/env.mjs';
import { command, request } from './lib/http.mjs';
import { Cluster } from './lib/postgres.mjs';
import { run, runServer, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const N_ROOMS = 4;
const N_MESSAGES = 60; // in each room, by people
const N_FILLED = 16000; // events of one room more, by SQL: 16 pages, four transactions
const N_KILLS = 20;
const LONG_MS = 120000;

let cluster;
let short; // a data directory, closed: what people made
let filled; // the same with many events more
let known; // what clients know of it

const copy = (from, to, options) => run(binary, ['copy', from, to], { timeoutMs: LONG_MS, ...options });
const sqlite = (dir) => `sqlite:${dir}`;
const python = (program, ...args) => execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });

// Content that people make through the server, and many rows that only SQL makes quickly.
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
	await command(server, 'message.edit', { room: rooms[0], seq: 4, text: 'edited’' }, { token });
	await command(server, 'message.delete', { room: rooms[0], seq: 5 }, { token });
	await command(server, 'room.join', { room: rooms[0] }, { token: bot.stdout.trim() });
	await command(server, 'room.join', { room: rooms[0] }, { token: other.token });
	await command(server, 'read.mark', { room: rooms[0], seq: 30 }, { token: other.token });
	const { url } = await command(server, 'hook.create', { room: rooms[0], name: 'Crane', secret: 'a secret', template: '{a} ’', adapter: 'slack' }, { token });
	await command(server, 'hook.create', { room: rooms[1], name: 'Crane' }, { token });
	const start = await command(server, 'session.start', { token });
	await server.stop();
	return { token, hook: url, rooms, epoch: start.epoch, last: Object.fromEntries(start.rooms.map(({ id, last_seq }) => [id, last_seq])) };
}

// Copies the newest room's last event again and again. The copies have no checksum, like the events of 0.1.0.
const makeRows = (path) => python(`
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
n_rows = int(sys.argv[2])
room, last, n = db.execute('SELECT no, last_seq, n_messages FROM room WHERE no < 134217725 ORDER BY no DESC LIMIT 1').fetchone()
db.executemany("""INSERT INTO event SELECT ?1, id, type, author_no, at_ms, ?2, target_seq, replace(json, '"seq":' || ?3, '"seq":' || ?4), NULL
    FROM event WHERE pk = ?5""",
    ((room << 36 | last + i, n + i, last, last + i, room << 36 | last) for i in range(1, n_rows + 1)))
db.execute('UPDATE room SET last_seq = last_seq + ?, n_messages = n_messages + ? WHERE no = ?', (n_rows, n_rows, room))
db.commit()`, path, String(N_FILLED));

before(async () => {
	cluster = await Cluster.start();
	[short, filled] = [temporaryDir(), temporaryDir()];
	known = await fill(short);
	cpSync(join(short, 'parley.db'), join(filled, 'parley.db'));
	makeRows(join(filled, 'parley.db'));
});
after(() => cluster.stop());

// A copy of a directory, by default of the short one: no copy was ever made of it.
function freshSource(from = short) {
	const dir = join(temporaryDir(), 'data');
	mkdirSync(dir, { mode: 0o700 });
	cpSync(join(from, 'parley.db'), join(dir, 'parley.db'));
	return dir;
}

const freshTarget = async () => cluster.url(await cluster.makeDatabase());
const databaseOf = (url) => url.slice(url.lastIndexOf('/') + 1);

const TABLES = { account: 'no', token: 'hash', room: 'no', member: 'user_no, room_no', event: 'pk', client_id: 'author_no, client_id', message_change: 'room_no, message_seq' };

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
	const [source, url, back] = [freshSource(filled), await freshTarget(), join(temporaryDir(), 'back')];
	const rows = sqliteRows(source);
	const { stderr } = await assertCopies(sqlite(source), url);
	assert.match(stderr, /^copied event: \d+ rows$/m);
	assert.match(stderr, /^verified event: \d+ rows$/m);
	assertSame(await postgresRows(url), rows);
	assert.equal(await cluster.query(`SELECT nextval('room_no') > max(no), nextval('account_no') > (SELECT max(no) FROM account) FROM room WHERE no < 134217725`, { database: databaseOf(url) }), 't|t');
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
		const posted = await request(server, 'POST', known.hook, { body: '{"text":"by the copied hook"}', headers: { 'X-Gitlab-Token': 'a secret' } });
		assert.equal(posted.text, 'ok');
		await client.waitSeq(room, seq);
		assert.equal(client.gaps, 0);
		await client.close();
		const verified = await run(clientBinary, ['admin', '--data', back, 'verify']);
		assert.match(verified.stdout, /faults: 0/);
	} finally {
		await server.stop();
	}
});

// --- ended in the middle ---

// Starts a copy, and ends it with the signal when the target has more rows than before or all of them; or without countRows when the events' turn comes. Gives what it said.
async function endInTheMiddle(signal, from, to, countRows) {
	const n = await countRows?.();
	const child = spawn(binary, ['copy', from, to], { stdio: ['ignore', 'ignore', 'pipe'] });
	let stderr = '';
	child.stderr.setEncoding('utf8').on('data', (text) => {
		stderr += text;
	});
	const ended = new Promise((resolve) => {
		child.on('close', (code, by) => resolve({ code, by }));
	});
	const isFurther = countRows ? async () => stderr.includes('copied event') || await countRows() > n : () => stderr.includes('copied member');
	await until(LONG_MS, 'the copy to get further', async () => child.exitCode !== null || await isFurther());
	child.kill(signal);
	return { ...await ended, stderr };
}

const countIn = (url) => async () => {
	const there = await cluster.query('SELECT to_regclass(\'event\') IS NOT NULL', { database: databaseOf(url) });
	return there === 't' ? Number(await cluster.query('SELECT count(*) FROM event', { database: databaseOf(url) })) : 0;
};
// One statement on the file; gives its first value.
const sql = (dir, statement) => python(`
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
row = db.execute(sys.argv[2]).fetchone()
db.commit()
print('' if row is None else row[0])`, join(dir, 'parley.db'), statement).trimEnd();

test('a copy to PostgreSQL that is killed twenty times goes on each time, and ends equal', async () => {
	const [source, url] = [freshSource(filled), await freshTarget()];
	const rows = sqliteRows(source);
	const reached = [];
	// PostgreSQL has noticed that the copy is gone.
	const alone = () => until(LONG_MS, 'the database to be alone', async () =>
		await cluster.query(`SELECT count(*) FROM pg_stat_activity WHERE datname = '${databaseOf(url)}'`) === '0');
	for (let i = 0; i < N_KILLS; i++) {
		await alone();
		const { by, stderr } = await endInTheMiddle('SIGKILL', sqlite(source), url, i > 0 ? countIn(url) : undefined);
		assert.equal(by, 'SIGKILL', stderr);
		const n = await countIn(url)();
		assert.ok(n >= (reached.at(-1) ?? 0));
		reached.push(n);
		if (i === 0) { // from now on what is copied does not outrun who looks
			await cluster.query(`CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';
				CREATE TRIGGER rest AFTER INSERT ON event EXECUTE FUNCTION rest()`, { database: databaseOf(url) });
		}
	}
	await alone();
	await cluster.query('DROP TRIGGER rest ON event; DROP FUNCTION rest', { database: databaseOf(url) });
	assert.ok(new Set(reached).size > 2, `${reached}`);
	await assertCopies(sqlite(source), url);
	assertSame(await postgresRows(url), rows);
});

test('a copy to SQLite that is killed goes on, and no server starts on half of it', async () => {
	const [source, url, back] = [freshSource(filled), await freshTarget(), join(temporaryDir(), 'back')];
	await assertCopies(sqlite(source), url);
	for (let i = 0; i < 4; i++) {
		const { by, stderr } = await endInTheMiddle('SIGKILL', url, sqlite(back)); // it is over sooner than somebody could count
		assert.equal(by, 'SIGKILL', stderr);
		const refused = await runServer(['--data', back]);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /is an unfinished copy: run the parley admin copy that was begun/);
	}
	await assertCopies(url, sqlite(back));
	assertSame(sqliteRows(back), sqliteRows(source));
});

test('a copy that is interrupted says how it goes on', async () => {
	const [source, url] = [freshSource(filled), await freshTarget()];
	const { code, stderr } = await endInTheMiddle('SIGINT', sqlite(source), url);
	assert.equal(code, 1);
	assert.match(stderr, /interrupted.*the same command goes on/);
	await assertCopies(sqlite(source), url);
});

test('a copy that ended between its two last steps is finished, and is then whole', async () => {
	const [source, url] = [freshSource(), await freshTarget()];
	await assertCopies(sqlite(source), url);
	await cluster.query(`INSERT INTO meta (key, bytes) SELECT 'copy_of', convert_to(regexp_replace(encode(bytes, 'hex'), '^(.{8})(.{4})(.{4})(.{4})', '\\1-\\2-\\3-\\4-'), 'UTF8')
		FROM meta WHERE key = 'epoch'`, { database: databaseOf(url) });
	await assertCopies(sqlite(source), url);
	assert.match((await copy(sqlite(source), url)).stderr, /is whole already/);
});

test('a row that is another on the other side is named, and the source stays as it is', async () => {
	const [source, url] = [freshSource(filled), await freshTarget()];
	await endInTheMiddle('SIGKILL', sqlite(source), url);
	await cluster.query('UPDATE room SET topic = \'other\' WHERE no = 1; DELETE FROM member WHERE user_no = 1 AND room_no = 1', { database: databaseOf(url) });
	const { code, stderr } = await copy(sqlite(source), url);
	assert.equal(code, 1);
	assert.match(stderr, /^table room, no 1: the two differ in topic$/m);
	assert.match(stderr, /^table member, user_no 1, room_no 1: it is not in the target$/m);
	assert.match(stderr, /2 rows differ/);
	const server = await startServer({ dataDir: source });
	await server.stop();
});

// --- damage ---

for (const [name, damage, expected] of [
	['an event that is not what was written', 'UPDATE event SET json = replace(json, \'topic\', \'topik\') WHERE pk = (SELECT min(pk) FROM event WHERE json LIKE \'%topic%\')',
		/table event, pk \d+: the row is not what was written: its checksum is wrong/],
	['a text that is not UTF-8', 'UPDATE room SET topic = CAST(x\'41ff\' AS TEXT) WHERE no = 2', /table room, no 2: topic is not UTF-8/],
	['a text with a NUL', 'UPDATE account SET name = \'a\' || char(0) || \'b\' WHERE no = 1', /table account, no 1: name has a NUL in its text/],
	['an event of no room', 'DELETE FROM room WHERE no = 1', /table event, pk \d+: the row belongs to a room that is not there/],
]) {
	test(`${name} ends the copy, and is named`, async () => {
		const [source, url] = [freshSource(), await freshTarget()];
		sql(source, damage);
		const { code, stderr } = await copy(sqlite(source), url);
		assert.equal(code, 1);
		assert.match(stderr, expected);
		assert.match(stderr, /nothing is left out/);
		assert.equal(await cluster.query('SELECT count(*) FROM meta WHERE key = \'copy_of\'', { database: databaseOf(url) }), '1');
		assert.equal(sql(source, 'SELECT count(*) FROM meta WHERE key = \'moved_to\''), '0');
	});
}

test('a column that a copy does not know is refused on either side', async () => {
	const [source, url] = [freshSource(), await freshTarget()];
	sql(source, 'ALTER TABLE member ADD COLUMN colour TEXT');
	assert.match((await copy(sqlite(source), url)).stderr, /table member has a column colour that this version of Parley does not copy/);
	await cluster.query('ALTER TABLE room DROP COLUMN topic', { database: databaseOf(url) });
	assert.match((await copy(sqlite(freshSource()), url)).stderr, /table room has 11 columns of the 12/);
});

// --- what may not be copied ---

test('a source that moved starts no server until it is told to, and then with a new epoch', async () => {
	const [source, url] = [freshSource(), await freshTarget()];
	await assertCopies(sqlite(source), url);
	const refused = await runServer(['--data', source]);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /was moved to postgresql:\/\/127\.0\.0\.1:\d+\/parley_\d+: start parleyd on that; with --start-moved on/);
	assert.match((await copy(sqlite(source), await freshTarget())).stderr, /was moved to postgresql:.* already/);
	for (const args of [['--start-moved', 'on'], []]) { // once is enough
		const server = await startServer({ dataDir: source, args });
		const { epoch } = await command(server, 'session.start', { token: known.token });
		assert.notEqual(epoch, known.epoch);
		await server.stop();
	}
});

test('parley admin copy runs the parleyd beside it, or that in PATH, and says when there is none', async () => {
	const [source, url, dir] = [freshSource(), await freshTarget(), temporaryDir()];
	const args = ['admin', '--from', sqlite(source), '--to', url, 'copy'];
	const alone = join(dir, 'parley');
	copyFileSync(clientBinary, alone);
	const none = await run(alone, args, { env: { PATH: '/nowhere' } });
	assert.equal(none.code, 1);
	assert.match(none.stderr, /copied by parleyd, which is neither beside parley nor in PATH/);
	assert.match((await run(alone, ['admin', 'copy'])).stderr, /copy needs --from and --to/);
	assert.match((await run(alone, [...args.slice(0, -1), 'verify'])).stderr, /--from means nothing to admin verify/);
	const inPath = await run(alone, args, { env: { PATH: dirname(binary) }, timeoutMs: LONG_MS });
	assert.equal(inPath.code, 0, inPath.stderr);
	assert.match(inPath.stdout, /every row was compared/);
	copyFileSync(binary, join(dir, 'parleyd'));
	const beside = await run(alone, args, { env: { PATH: '/nowhere' }, timeoutMs: LONG_MS });
	assert.match(beside.stderr, /is whole already/);
});

test('what is in use, not there, not empty or of another copy is refused', async () => {
	const [source, url] = [freshSource(filled), await freshTarget()];
	const fails = async (from, to, expected) => {
		const { code, stderr } = await copy(from, to);
		assert.equal(code, 1, stderr);
		assert.match(stderr, expected);
	};
	const nowhere = join(temporaryDir(), 'nothing');
	await fails(sqlite(nowhere), url, /has no parley\.db/);
	assert.ok(!existsSync(nowhere));
	await fails(sqlite(source), sqlite(nowhere), /one of the two is sqlite:DIR, and the other postgresql/);
	await fails(sqlite(source), `postgresql://parley:hunter2@127.0.0.1:1/x`, /127\.0\.0\.1:1\/x: .*refused/);
	const server = await startServer({ dataDir: source });
	await fails(sqlite(source), url, /is already in use by another parleyd/);
	await server.stop();
	await fails(sqlite(source), `${url}?application_name=parleyd`.replace(/parley_\d+/, 'nowhere'), /database "nowhere" does not exist/);
	await endInTheMiddle('SIGKILL', sqlite(source), url);
	const other = await startServer();
	await other.stop();
	await fails(sqlite(other.dataDir), url, /is an unfinished copy of another database/);
	await fails(url, sqlite(join(temporaryDir(), 'back')), /is an unfinished copy itself/);
	await assertCopies(sqlite(source), url);
	await fails(sqlite(other.dataDir), url, /is not empty: its table account has rows/);
	await fails(url, sqlite(source), /is not empty|was not closed/);
	const holder = spawn('psql', [`${url}?application_name=parleyd`, '-X', '-c', 'SELECT pg_sleep(600)'], { stdio: 'ignore' });
	try {
		const seen = () => cluster.query('SELECT count(*) FROM pg_stat_activity WHERE application_name = \'parleyd\'');
		await until(30000, 'the other to be connected', async () => await seen() === '1');
		await fails(url, sqlite(join(temporaryDir(), 'back')), /is in use by a parleyd: stop it first/);
	} finally {
		holder.kill();
	}
});
