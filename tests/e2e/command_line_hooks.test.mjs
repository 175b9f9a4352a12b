// `parley hook` against the real server.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command, request } from './lib/http.mjs';
import { run, startServer, temporaryDir } from './lib/server.mjs';

let server, owner, room;
before(async () => {
	server = await startServer();
	owner = await command(server, 'account.create', { name: fresh('Owner'), password: 'correct horse' });
	room = await command(server, 'room.create', { name: fresh('room') }, { token: owner.token });
});
after(() => server.stop());

const parley = (words, { url = server.url, ...options } = {}) => run(clientBinary, ['--server', url, ...words], { env: { PARLEY_TOKEN: owner.token }, ...options });
const hooks = async () => (await command(server, 'hook.list', { room: room.id }, { token: owner.token })).hooks;

// Posts to a whole address, as a stranger does.
const say = (address, body) => request(server, 'POST', new URL(address).pathname, { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });

test('hook create prints an address that posts into the room, alone on standard output', async (t) => {
	const reader = await clientFor(t, server, { token: owner.token });
	const made = await parley(['hook', 'create', room.name, 'Builds']);
	assert.equal(made.code, 0, made.stderr);
	const [hook] = await hooks();
	assert.ok(made.stdout.startsWith(`${server.url}/hooks/`) && made.stdout.split('\n').length === 2, made.stdout);
	assert.equal(made.stderr, `parley: the address of Builds (${hook.id}) is on standard output, this once\n`);
	assert.equal((await say(made.stdout.trim(), { text: 'It is green' })).text, 'ok');
	const event = await reader.waitEvent((e) => e.data.author?.id === hook.id);
	assert.equal(event.data.text, 'It is green');
	const listed = await parley(['hook', 'list', room.name]);
	assert.match(listed.stdout, new RegExp(`^${hook.id} slack unsigned \\d{4}-\\d\\d-\\d\\d Builds\n$`));
	const json = await parley(['hook', 'list', room.id, '--json']);
	assert.deepEqual(JSON.parse(json.stdout), (await hooks())[0]);
	const other = await parley(['hook', 'rotate', hook.id]);
	assert.notEqual(other.stdout, made.stdout);
	assert.equal((await say(made.stdout.trim(), { text: 'void' })).status, 404);
	assert.equal((await say(other.stdout.trim(), { text: 'still here' })).text, 'ok');
	assert.deepEqual(await parley(['hook', 'delete', hook.id]), { code: 0, signal: null, stdout: '', stderr: '' });
	assert.equal((await say(other.stdout.trim(), { text: 'gone' })).status, 404);
	assert.deepEqual(await hooks(), []);
});

test('hook create takes an adapter, a template, and a secret from a file', async () => {
	const file = join(temporaryDir(), 'secret');
	writeFileSync(file, 'a long secret\n');
	for (const [options, wanted] of [[['--adapter', 'github', '--secret-file', file], { adapter: 'github', signed: true }],
		[['--template', '{user.name} signed up'], { adapter: 'generic', template: '{user.name} signed up', signed: false }]]) {
		const made = await parley(['hook', 'create', room.name, 'Optional \u001b[31m', ...options]);
		assert.equal(made.code, 1, 'a name with control characters');
		const good = await parley(['hook', 'create', room.name, 'Optional', ...options]);
		assert.equal(good.code, 0, good.stderr);
		const hook = (await hooks()).at(-1);
		assert.deepEqual({ ...hook, ...wanted }, hook);
		await parley(['hook', 'delete', hook.id]);
	}
});

test('hook create has a service asked, and prints the secret of the questions behind the address', async () => {
	const made = await parley(['hook', 'create', room.name, 'Deployer', '--asks', 'https://8.8.8.8/parley', '--command', 'deploy', '--hint', 'VERSION', '--about', 'Deploys a version',
		'--word', 'deploy:', '--word', 'undeploy']);
	assert.equal(made.code, 0, made.stderr);
	assert.match(made.stdout, /^http:\/\/127[^\n]*\/hooks\/[\w-]{43}\nwhsec_[\w+/=]{44}\n$/);
	assert.match(made.stderr, /^parley: the address of Deployer .* are on standard output, this once\n$/);
	const { id, asks } = (await hooks()).at(-1);
	assert.deepEqual(asks, { url: 'https://8.8.8.8/parley', command: 'deploy', words: ['deploy:', 'undeploy'], hint: 'VERSION', description: 'Deploys a version', hooks: false });
	await parley(['hook', 'delete', id]);
});

test('an address of a server that is found by a socket is a path', async (t) => {
	const socket = join(temporaryDir(), 'parley.sock');
	const own = await startServer({ listen: ['127.0.0.1:0', `unix:${socket}`], listeners: 2 });
	t.after(() => own.stop());
	const person = await command(own, 'account.create', { name: 'Owner', password: 'correct horse' });
	await command(own, 'room.create', { name: 'general' }, { token: person.token });
	const made = await parley(['hook', 'create', 'general', 'Builds'], { url: `unix:${socket}`, env: { PARLEY_TOKEN: person.token } });
	assert.match(made.stdout, /^\/hooks\/[\w-]{43}\n$/, made.stderr);
});

test('what is refused, and wrong usage of hook, has one sentence', async () => {
	const guest = ['--guest', fresh('Guest')];
	for (const [words, code, message] of [
		[['hook'], 2, /^usage: parley hook /],
		[['hook', 'rename', 'x'], 2, /unknown action: rename/],
		[['hook', 'create', room.name], 2, /^usage: parley hook create ROOM NAME\n$/],
		[['hook', 'list', room.name, '--template', 'x'], 2, /--template means nothing to hook list/],
		[['hook', 'create', room.name, 'x', '--secret-file', '/nonexistent'], 1, /cannot read \/nonexistent/],
		[['hook', 'create', 'nosuch', 'x'], 1, /^parley: hook\.create: nosuch: .*\(not_found\)/],
		[['hook', 'create', room.name, 'x', '--adapter', 'fax'], 1, /adapter/],
		[['hook', 'create', room.name, 'x', '--command', 'deploy'], 2, /--asks/],
		[['hook', 'create', room.name, 'x', '--asks', 'https://8.8.8.8/', '--command', 'topic'], 1, /^parley: hook\.create: /],
		[['hook', 'delete', 'Builds'], 1, /^parley: hook\.delete: Builds: /],
		[[...guest, 'hook', 'list', room.name], 1, /\(forbidden\)/],
	]) {
		const ended = await parley(words);
		assert.equal(ended.code, code, `${words.join(' ')}: ${ended.stderr}`);
		assert.match(ended.stderr, message);
		assert.deepEqual([ended.stdout, ended.stderr.trim().split('\n').length], ['', 1], ended.stderr);
	}
});
