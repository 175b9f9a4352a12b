import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import WebSocket from 'ws';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary, slowPasswords } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { run, serverFor, startServer, temporaryDir } from './lib/server.mjs';

const PASSWORD = 'correct horse battery';

let server;
let operator;
before(async () => {
	server = await startServer({ env: slowPasswords });
	operator = { socketPath: server.operatorSocket };
});
after(() => server.stop());

const admin = (type, data) => command(operator, type, data);

test('the operator\'s socket is for its user only', () => {
	const mode = statSync(server.operatorSocket).mode & 0o777;
	assert.equal(mode, 0o600, mode.toString(8));
	assert.equal(statSync(server.dataDir).mode & 0o007, 0, 'others may not enter the data directory');
});

test('admin.owner makes the owner\'s account', async (t) => {
	const name = fresh('Owner');
	const { user_id } = await admin('admin.owner', { name, password: PASSWORD });
	const { user, token } = await command(server, 'account.login', { name, password: PASSWORD });
	assert.equal(user.id, user_id);
	assert.equal(user.role, 'owner');
	const client = await clientFor(t, server, { token });
	assert.equal(client.user.role, 'owner');
});

test('admin.owner without a password promotes an existing account', async () => {
	const name = fresh('Promoted');
	const made = await command(server, 'account.create', { name, password: PASSWORD });
	const { user_id } = await admin('admin.owner', { name });
	assert.equal(user_id, made.user.id);
	assert.equal((await command(server, 'account.login', { name, password: PASSWORD })).user.role, 'owner');
	assert.equal((await post(operator, 'admin.owner', { name: fresh('Nobody') })).json.data.code, 'not_found');
});

test('the owner of the server may update any public room', async (t) => {
	const name = fresh('Owner');
	await admin('admin.owner', { name, password: PASSWORD });
	const owner = await clientFor(t, server, { token: (await command(server, 'account.login', { name, password: PASSWORD })).token });
	const other = await clientFor(t, server, { guest: fresh('Other') });
	const room = (await other.request('room.create', { name: fresh('room') })).id;
	await owner.request('room.join', { room });
	await owner.request('room.update', { room, topic: 'by the owner' });
	assert.equal((await other.waitEvent('room.updated')).data.topic, 'by the owner');
});

test('admin.bot makes a bot whose token works', async (t) => {
	const { user, token } = await admin('admin.bot', { name: fresh('Bot') });
	assert.equal(user.kind, 'bot');
	const client = await clientFor(t, server, { token });
	assert.equal(client.user.id, user.id);
});

test('admin.bot with renew gives a bot another token: the old one and its connections end', { timeout: 60000 }, async (t) => {
	const name = fresh('Bot');
	const made = await admin('admin.bot', { name });
	const client = await clientFor(t, server, { token: made.token });
	const renewed = await admin('admin.bot', { name: name.toUpperCase(), renew: true });
	assert.deepEqual(renewed.user, made.user);
	assert.notEqual(renewed.token, made.token);
	assert.equal((await client.closed).code, 4003);
	assert.equal((await post(server, 'room.list', {}, { token: made.token })).status, 401);
	await clientFor(t, server, { token: renewed.token });
	assert.equal((await post(operator, 'admin.bot', { name })).json.data.code, 'name_taken');
	assert.equal((await post(operator, 'admin.bot', { name: fresh('Nobody'), renew: true })).json.data.code, 'not_found');
	const person = fresh('Person');
	await command(server, 'account.create', { name: person, password: PASSWORD });
	assert.equal((await post(operator, 'admin.bot', { name: person, renew: true })).json.data.code, 'not_found');
});

test('parley admin bot with a name that is taken tells of --renew', async () => {
	const name = fresh('Bot');
	const parley = (...options) => run(clientBinary, ['admin', '--data', server.dataDir, 'bot', name, ...options]);
	assert.equal((await parley()).code, 0);
	const again = await parley();
	assert.equal(again.code, 1);
	assert.equal(again.stdout, '');
	assert.match(again.stderr, /name_taken.*--renew/);
	assert.equal((await parley('--renew')).code, 0);
});

test('admin.password sets a new password, and the old one is gone', async () => {
	const name = fresh('Forgetful');
	const made = await command(server, 'account.create', { name, password: PASSWORD });
	assert.equal((await admin('admin.password', { name, password: 'another battery' })).user_id, made.user.id);
	assert.equal((await post(server, 'account.login', { name, password: PASSWORD })).status, 401);
	assert.equal((await post(server, 'account.login', { name, password: 'another battery' })).status, 200);
});

test('a login with the old password that is under way while admin.password works leaves no session', async () => {
	const name = fresh('Raced');
	await command(server, 'account.create', { name, password: PASSWORD });
	const changed = admin('admin.password', { name, password: 'another battery' });
	// These keep the hashing threads busy: the old password is checked against a hash that was read before the new one was stored.
	const fillers = Array.from({ length: 6 }, () => post(server, 'account.login', { name: fresh('Nobody'), password: PASSWORD }));
	const raced = await post(server, 'account.login', { name, password: PASSWORD });
	await Promise.all([changed, ...fillers]);
	if (raced.status === 200) {
		assert.equal((await post(server, 'room.list', {}, { token: raced.json.data.token })).status, 401);
	} else {
		assert.equal(raced.json.data.code, 'wrong_credentials');
	}
	assert.equal((await post(server, 'account.login', { name, password: 'another battery' })).status, 200);
});

test('admin.export gives a room\'s events page by page, byte for byte', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Writer') });
	const room = (await client.request('room.create', { name: fresh('room'), kind: 'private' })).id;
	for (let i = 0; i < 30; i++) {
		await client.request('message.send', { room, text: `${i}` });
	}
	await client.waitSeq(room, 32);
	const seqs = [];
	let after = 0;
	for (;;) {
		const answer = await post(operator, 'admin.export', { room, after, limit: 10 });
		const { events, more } = answer.json.data;
		for (const event of events) {
			seqs.push(event.seq);
			const live = client.events.find((e) => e.room === room && e.seq === event.seq);
			assert.equal(live !== undefined, event.seq > 2, 'from its third event on the room was followed');
			assert.ok(!live || answer.text.includes(live.raw));
		}
		if (!more) {
			break;
		}
		after = seqs.at(-1);
	}
	assert.deepEqual(seqs, Array.from({ length: 32 }, (_, i) => i + 1));
});

test('admin.verify finds nothing wrong', async () => {
	const { rooms, events, faults } = await admin('admin.verify', {});
	assert.ok(rooms >= 1 && events >= 2);
	assert.deepEqual(faults, []);
});

test('admin.backup makes a copy that a server starts from, while messages go on', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Writer') });
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	const { seq } = await client.request('message.send', { room, text: 'before the backup' });
	const path = join(temporaryDir(), 'copy.db');
	const sends = Promise.all(Array.from({ length: 50 }, () => client.request('message.send', { room, text: 'meanwhile' })));
	assert.equal((await admin('admin.backup', { path })).path, path);
	await sends;
	assert.ok(existsSync(path));
	assert.equal(statSync(path).mode & 0o077, 0, 'a backup is for its owner only');
	const dataDir = join(temporaryDir(), 'restored');
	mkdirSync(dataDir, { mode: 0o700 });
	copyFileSync(path, join(dataDir, 'parley.db'));
	const restored = await serverFor(t, { dataDir });
	const again = await clientFor(t, restored, { token: client.token });
	const { events } = await again.request('history.read', { room, after: 0 });
	assert.ok(events.some((event) => event.seq === seq && event.data.text === 'before the backup'));
	assert.deepEqual((await command({ socketPath: restored.operatorSocket }, 'admin.verify', {})).faults, []);
	const bytes = statSync(path).size;
	const twice = await post(operator, 'admin.backup', { path });
	assert.equal(twice.json.data.code, 'name_taken');
	assert.equal(statSync(path).size, bytes, 'an existing file is not overwritten');
});

for (const [title, pathIn, code] of [
	['a path that is not absolute', () => 'copy.db', 'invalid_request'],
	['a file that exists', (dir) => join(dir, 'there'), 'name_taken'],
	['a folder that does not', (dir) => join(dir, 'absent', 'copy.db'), 'not_found'],
	['a file in place of a folder', (dir) => join(dir, 'there', 'copy.db'), 'invalid_request'],
	['a folder that nobody may write', () => '/sys/copy.db', 'forbidden'],
]) {
	test(`admin.backup tells of ${title}, and names the path`, async () => {
		const dir = temporaryDir();
		writeFileSync(join(dir, 'there'), 'kept');
		const path = pathIn(dir);
		const { json } = await post(operator, 'admin.backup', { path });
		assert.deepEqual([json.data.code, json.data.retryable], [code, false], json.data.message);
		assert.ok(json.data.message.includes(path), json.data.message);
		assert.equal(readFileSync(join(dir, 'there'), 'utf8'), 'kept');
	});
}

test('admin commands work over the WebSocket of the operator\'s socket without signing in', async () => {
	const socket = new WebSocket(`ws+unix://${server.operatorSocket}:/ws`, { perMessageDeflate: false });
	const messages = [];
	await new Promise((resolve, reject) => {
		socket.on('error', reject);
		socket.on('message', (bytes) => {
			messages.push(JSON.parse(bytes));
			if (messages.at(-1).type === 'hello') {
				socket.send('{"type":"admin.verify","ref":1,"data":{}}');
			} else {
				resolve();
			}
		});
	});
	assert.equal(messages[1].type, 'ok');
	assert.deepEqual(messages[1].data.faults, []);
	socket.close();
});

test('a signed-in owner may not use admin commands over TCP', async (t) => {
	const name = fresh('Owner');
	await admin('admin.owner', { name, password: PASSWORD });
	const { token } = await command(server, 'account.login', { name, password: PASSWORD });
	const client = await clientFor(t, server, { token });
	const error = await client.refused('admin.verify', {});
	assert.ok(['forbidden', 'unknown_type'].includes(error.code), error.code);
});

test('parley admin verifies, makes bots and owners, exports and backs up', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Writer') });
	const { id: room, name } = await client.request('room.create', { name: fresh('exported') });
	await client.request('message.send', { room, text: 'to be exported' });
	const parley = (...args) => run(clientBinary, ['admin', ...args]);
	const place = ['--data', server.dataDir];
	const verify = await parley('verify', ...place);
	assert.equal(verify.code, 0, verify.stderr + verify.stdout);
	const exported = await parley('export', name, ...place);
	assert.equal(exported.code, 0, exported.stderr);
	const lines = exported.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
	assert.deepEqual(lines.map((event) => event.seq), [1, 2, 3]);
	const bot = await parley('bot', fresh('Cli bot'), ...place);
	assert.equal(bot.code, 0, bot.stderr);
	const path = join(temporaryDir(), 'cli.db');
	const backup = await parley('backup', path, ...place);
	assert.equal(backup.code, 0, backup.stderr);
	assert.ok(existsSync(path));
});

for (const [action, word, option] of [['owner', 'x', '--renew'], ['bot', 'x', '--promote'], ['password', 'x', '--renew'],
	['bot', 'x', '--password-file=/dev/null'], ['export', 'x', '--promote'], ['backup', 'x', '--renew'], ['verify', undefined, '--promote']]) {
	test(`parley admin ${action} refuses ${option}, which would mean nothing`, async () => {
		const done = await run(clientBinary, ['admin', action, ...(word ? [word] : []), option, '--data', server.dataDir]);
		assert.equal(done.code, 2, done.stdout);
		assert.equal(done.stderr, `parley: ${option.split('=')[0]} means nothing to admin ${action} (see parley admin --help)\n`);
	});
}
