// Who may make an account: everybody or only the operator, and a person with the link that a server without an owner prints.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { run, serverFor, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const PASSWORD = 'correct horse battery';

// The code of the owner's link; waits for it.
async function ownerCode(server) {
	const link = () => /^parleyd: nobody owns this server yet; the owner's account is made at (\S+)\/own#(\S+)$/m.exec(server.stdout);
	await until(10000, 'the owner\'s link', link);
	return { page: link()[1], code: link()[2] };
}

const create = (server, data) => post(server, 'account.create', { password: PASSWORD, ...data });
const admin = (server, words, options) => run(clientBinary, ['admin', '--data', server.dataDir, ...words], options);

test('with --accounts closed nobody makes an account, and hello says so', async (t) => {
	const server = await serverFor(t, { args: ['--accounts', 'closed', '--guests', 'off'] });
	const client = await Client.connect(server);
	t.after(() => client.close());
	assert.equal(client.hello.accounts, 'closed');
	await client.refused('account.create', { name: 'Mallory', password: PASSWORD }, 'accounts_closed');
	const answer = await create(server, { name: 'Mallory' });
	assert.equal(answer.status, 403);
	assert.equal(answer.json.data.code, 'accounts_closed');
	assert.equal(answer.json.data.retryable, false);
});

test('the operator of a closed server makes accounts, who sign in and make bots', async (t) => {
	const server = await serverFor(t, { args: ['--accounts', 'closed'] });
	const made = await admin(server, ['account', 'Carol'], { input: `${PASSWORD}\n${PASSWORD}\n` });
	assert.equal(made.code, 0, made.stderr);
	const { user, token } = await command(server, 'account.login', { name: 'Carol', password: PASSWORD });
	assert.equal(made.stdout, `Carol has an account (${user.id})\n`);
	assert.equal(user.role, 'none');
	const carol = await clientFor(t, server, { token });
	assert.equal((await carol.request('bot.create', { name: fresh('bot') })).user.kind, 'bot');
	const again = await admin(server, ['account', 'carol'], { input: `${PASSWORD}\n${PASSWORD}\n` });
	assert.equal(again.code, 1);
	assert.match(again.stderr, /name_taken/);
});

test('the owner\'s link makes the owner once, and never again', async (t) => {
	const server = await serverFor(t);
	const { page, code } = await ownerCode(server);
	assert.equal(page, server.url);
	const wrong = await create(server, { name: 'Mallory', owner_code: `${code.slice(1)}x` });
	assert.equal(wrong.json.data.code, 'forbidden');
	assert.equal(wrong.json.data.field, 'owner_code');
	assert.match(wrong.json.data.message, /this link was used already/);
	await until(10000, 'the line about it', () => /sign_in\.failed address="127\.0\.0\.1" reason="forbidden" how="owner_code" account="Mallory"/.test(server.stderr));
	const made = await create(server, { name: 'Olga', owner_code: code });
	assert.equal(made.json.data.user.role, 'owner');
	assert.equal((await create(server, { name: 'Late', owner_code: code })).json.data.code, 'forbidden');
	const { user } = await command(server, 'account.login', { name: 'Olga', password: PASSWORD });
	assert.equal(user.role, 'owner');
});

test('of two who use the owner\'s link at the same moment one becomes the owner', async (t) => {
	const server = await serverFor(t);
	const { code } = await ownerCode(server);
	const answers = await Promise.all(['Olga', 'Otto', 'Ossi'].map((name) => create(server, { name, owner_code: code })));
	assert.deepEqual(answers.map(({ json }) => json.data.code ?? json.data.user.role).sort(), ['forbidden', 'forbidden', 'owner']);
});

test('a server that has an owner prints no link, also after a restart; before, each start prints another', async () => {
	const dataDir = temporaryDir();
	let server = await startServer({ dataDir });
	const first = await ownerCode(server);
	await server.stop();
	server = await startServer({ dataDir });
	const second = await ownerCode(server);
	assert.notEqual(first.code, second.code);
	assert.equal((await create(server, { name: 'Olga', owner_code: first.code })).json.data.code, 'forbidden');
	assert.equal((await create(server, { name: 'Olga', owner_code: second.code })).status, 200);
	await server.stop();
	server = await startServer({ dataDir });
	await server.stop();
	assert.doesNotMatch(server.stdout, /own/);
});

test('an owner whom the operator made voids the link', async (t) => {
	const server = await serverFor(t);
	const { code } = await ownerCode(server);
	assert.equal((await admin(server, ['owner', 'Olga'], { input: `${PASSWORD}\n${PASSWORD}\n` })).code, 0);
	assert.equal((await create(server, { name: 'Mallory', owner_code: code })).json.data.code, 'forbidden');
});

test('a promoted account voids the link', async (t) => {
	const server = await serverFor(t);
	const { code } = await ownerCode(server);
	await create(server, { name: 'Bob' });
	assert.equal((await admin(server, ['owner', 'Bob', '--promote'])).code, 0);
	assert.equal((await create(server, { name: 'Mallory', owner_code: code })).json.data.code, 'forbidden');
});

test('a closed server lets its owner in by the link, which names the origin of its page', async (t) => {
	const server = await serverFor(t, { args: ['--accounts', 'closed', '--origin', 'https://chat.example'] });
	const { page, code } = await ownerCode(server);
	assert.equal(page, 'https://chat.example');
	assert.equal((await create(server, { name: 'Olga', owner_code: code })).json.data.user.role, 'owner');
	assert.equal((await create(server, { name: 'Paul' })).json.data.code, 'accounts_closed');
});

test('the owner\'s code is in no log and in no file', async (t) => {
	const server = await serverFor(t, { args: ['--log-level', 'debug'] });
	const { code } = await ownerCode(server);
	await create(server, { name: 'Olga', owner_code: code });
	assert.ok(!server.stderr.includes(code));
	for (const file of ['parley.db', 'parley.db-wal']) {
		assert.ok(!readFileSync(`${server.dataDir}/${file}`, 'latin1').includes(code), file);
	}
});

test('a room can be made that nobody owns', async (t) => {
	const server = await serverFor(t);
	const client = await clientFor(t, server, { guest: 'First' });
	const room = await client.request('room.create', { name: 'general', owned: false });
	assert.equal(room.role, 'member');
	const { events } = await client.request('history.read', { room: room.id });
	assert.equal(events[1].data.role, 'member');
	await client.refused('room.update', { room: room.id, topic: 'mine' }, 'forbidden');
});
