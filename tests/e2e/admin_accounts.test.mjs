// `parley admin` where it concerns accounts, and what `parley admin verify` says of a damaged store: run as an operator runs them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { run, serverFor, startServer, temporaryDir } from './lib/server.mjs';

const PASSWORD = 'correct horse battery';
const OTHER_PASSWORD = 'another battery, charged';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const admin = (words, options) => run(clientBinary, ['admin', '--data', server.dataDir, ...words], options);
const login = (name, password) => command(server, 'account.login', { name, password });

function passwordFile(...lines) {
	const file = join(temporaryDir(), 'password');
	writeFileSync(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
	return file;
}

test('parley admin owner makes the owner with the first line of a file as password', async () => {
	const name = fresh('Owner');
	const done = await admin(['owner', name, '--password-file', passwordFile(PASSWORD, 'a second line')]);
	assert.equal(done.code, 0, done.stderr);
	const { user } = await login(name, PASSWORD);
	assert.equal(user.role, 'owner');
	assert.equal(done.stdout, `${name} owns this server (${user.id})\n`);
	const again = await admin(['owner', name, '--password-file', passwordFile(OTHER_PASSWORD)]);
	assert.equal(again.code, 1);
	assert.match(again.stderr, /name_taken/);
	assert.equal((await login(name, PASSWORD)).user.id, user.id, 'who was refused changed nothing');
});

test('parley admin owner asks for the password, twice', async () => {
	const name = fresh('Owner');
	const differing = await admin(['owner', name], { input: `${PASSWORD}\n${OTHER_PASSWORD}\n` });
	assert.equal(differing.code, 1);
	assert.match(differing.stderr, /the two passwords differ/);
	const nothing = await admin(['owner', name], { input: '' });
	assert.equal(nothing.code, 1);
	assert.match(nothing.stderr, /password: nothing was given/);
	const done = await admin(['owner', name], { input: `${PASSWORD}\n${PASSWORD}\n` });
	assert.equal(done.code, 0, done.stderr);
	assert.ok(!done.stdout.includes(PASSWORD) && !done.stderr.includes(PASSWORD));
	assert.equal((await login(name, PASSWORD)).user.role, 'owner');
});

test('parley admin owner --promote makes an account the owner, which keeps its password and sessions', async (t) => {
	const name = fresh('Promoted');
	const { token, user } = await command(server, 'account.create', { name, password: PASSWORD });
	const client = await clientFor(t, server, { token });
	const done = await admin(['owner', name, '--promote']);
	assert.equal(done.code, 0, done.stderr);
	assert.equal(done.stdout, `${name} owns this server (${user.id})\n`);
	assert.equal((await login(name, PASSWORD)).user.role, 'owner');
	await client.settle();
	const other = await clientFor(t, server, { guest: fresh('Other') });
	const room = (await other.request('room.create', { name: fresh('room') })).id;
	await client.request('room.join', { room });
	await client.request('room.update', { room, topic: 'mine to say' });
	const nobody = await admin(['owner', fresh('Nobody'), '--promote']);
	assert.equal(nobody.code, 1);
	assert.match(nobody.stderr, /not_found/);
});

test('parley admin password sets a new one and ends every session of the account', async (t) => {
	const name = fresh('Forgetful');
	const { token } = await command(server, 'account.create', { name, password: PASSWORD });
	const client = await clientFor(t, server, { token });
	const closed = client.waitClose();
	const done = await admin(['password', name, '--password-file', passwordFile(OTHER_PASSWORD)]);
	assert.equal(done.code, 0, done.stderr);
	assert.equal(done.stdout, `${name} has a new password\n`);
	assert.equal((await closed).code, 4003);
	assert.equal((await post(server, 'room.list', {}, { token })).json.data.code, 'invalid_token');
	assert.equal((await post(server, 'account.login', { name, password: PASSWORD })).json.data.code, 'wrong_credentials');
	const { token: fresh_ } = await login(name, OTHER_PASSWORD);
	await clientFor(t, server, { token: fresh_ });
});

test('parley admin password refuses a nobody, a bot, and a file that does not hold a password', async () => {
	const bot = fresh('Bot');
	assert.equal((await admin(['bot', bot])).code, 0);
	for (const [words, message] of [
		[['password', fresh('Nobody'), '--password-file', passwordFile(PASSWORD)], /not_found/],
		[['password', bot, '--password-file', passwordFile(PASSWORD)], /not_found/],
		[['password', bot, '--password-file', passwordFile('')], /the first line is empty or too long/],
		[['password', bot, '--password-file', '/nonexistent'], /cannot read \/nonexistent/],
	]) {
		const done = await admin(words);
		assert.equal(done.code, 1, words.join(' '));
		assert.equal(done.stdout, '');
		assert.match(done.stderr, message);
	}
});

test('parley admin verify prints each fault of a damaged store and ends with 1', async (t) => {
	const first = await startServer();
	const client = await clientFor(t, first, { guest: 'Writer' });
	const room = (await client.request('room.create', { name: 'holed' })).id;
	await client.request('message.send', { room, text: 'will be lost' });
	await client.request('message.send', { room, text: 'stays' });
	await first.stop();
	// A hole in the log that SQLite itself finds nothing wrong with.
	execFileSync('python3', ['-c', 'import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n' +
		'assert db.execute("DELETE FROM event WHERE json LIKE \'%will be lost%\'").rowcount == 1\ndb.commit()', join(first.dataDir, 'parley.db')]);
	const damaged = await serverFor(t, { dataDir: first.dataDir });
	const verify = await run(clientBinary, ['admin', 'verify', '--data', damaged.dataDir]);
	assert.equal(verify.code, 1, verify.stderr);
	const lines = verify.stdout.trimEnd().split('\n');
	assert.match(lines.at(-1), new RegExp(`^rooms: \\d+, events: \\d+, faults: ${lines.length - 1}$`));
	assert.ok(lines.includes(`room 1 (${room}): seq 4 follows 2`), verify.stdout);
});
