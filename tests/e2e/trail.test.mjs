// Sign-ins, sign-outs and the operator's commands leave lines in the log that fail2ban and an auditor can use.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { EventStream, command, post, sessionCookie } from './lib/http.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const PASSWORD = 'correct horse battery';

let server;
let operator;
before(async () => {
	server = await startServer({ args: ['--trusted-proxy', '127.0.0.1'] });
	operator = { socketPath: server.operatorSocket };
});
after(() => server.stop());

const from = (address) => ({ headers: { 'X-Forwarded-For': address } });
const lines = (target, word) => target.stderr.split('\n').filter((line) => line.includes(word));
const withoutTime = (line) => line.slice(line.indexOf(' ') + 1);

// The one line with this word in it, once it has come, without its time.
async function line(word, target = server) {
	await until(30000, `a line with ${word}`, () => lines(target, word).length > 0);
	assert.equal(lines(target, word).length, 1, lines(target, word).join('\n'));
	return withoutTime(lines(target, word)[0]);
}

async function account(name) {
	return command(server, 'account.create', { name, password: PASSWORD }, from('192.0.2.1'));
}

test('an account that is made, and a password that is right or wrong', async () => {
	const name = fresh('Ann');
	await account(name);
	assert.equal(await line(`account.created address="192.0.2.1" account="${name}"`), `info account.created address="192.0.2.1" account="${name}"`);
	await post(server, 'account.login', { name, password: 'something else' }, from('192.0.2.2'));
	assert.equal(await line('address="192.0.2.2"'), `info sign_in.failed address="192.0.2.2" reason="wrong_credentials" how="password" account="${name}"`);
	await command(server, 'account.login', { name, password: PASSWORD }, from('192.0.2.3'));
	assert.equal(await line('address="192.0.2.3"'), `info sign_in.done address="192.0.2.3" how="password" account="${name}"`);
	await post(server, 'account.login', { name: 'Nobody by this name', password: PASSWORD }, from('192.0.2.4'));
	assert.equal(await line('address="192.0.2.4"'), 'info sign_in.failed address="192.0.2.4" reason="wrong_credentials" how="password" account="Nobody by this name"');
});

test('a guest who comes, and one who may not', async (t) => {
	await clientFor(t, server, { guest: 'Shelly' }, { headers: { 'X-Forwarded-For': '192.0.2.10' } });
	assert.equal(await line('address="192.0.2.10"'), 'info sign_in.done address="192.0.2.10" how="guest" account="Shelly"');
	const strict = await serverFor(t, { args: ['--guests', 'off'] });
	await post(strict, 'session.start', { guest: 'Shelly' });
	assert.equal(await line('sign_in', strict), 'info sign_in.failed address="127.0.0.1" reason="guests_off" how="guest" account="Shelly"');
});

test('tokens and cookies, over WebSocket and as an event stream', async (t) => {
	const name = fresh('Ben');
	const { user, token } = await account(name);
	const who = `id="${user.id}" kind="person" account="${name}"`;
	const client = await clientFor(t, server, { token }, { headers: { 'X-Forwarded-For': '192.0.2.20' } });
	assert.equal(await line('address="192.0.2.20"'), `info sign_in.done address="192.0.2.20" how="token" ${who}`);
	const cookie = sessionCookie(await post(server, 'account.login', { name, password: PASSWORD }, from('192.0.2.1')));
	await clientFor(t, server, {}, { headers: { 'X-Forwarded-For': '192.0.2.21', Cookie: cookie, Origin: server.url } });
	assert.equal(await line('address="192.0.2.21"'), `info sign_in.done address="192.0.2.21" how="cookie" ${who}`);
	await clientFor(t, server, { token }, { headers: { 'X-Forwarded-For': '192.0.2.22', Cookie: cookie, Origin: server.url } });
	assert.equal(await line('address="192.0.2.22"'), `info sign_in.done address="192.0.2.22" how="token" ${who}`);
	const room = (await client.request('room.create', { name: fresh('room') })).id;
	const stream = await EventStream.open(server, `room=${room}`, { token, ...from('192.0.2.23') });
	assert.equal(await line('address="192.0.2.23"'), `info sign_in.done address="192.0.2.23" how="token" ${who}`);
	stream.close();
});

test('refused tokens, wherever they are shown; good ones of single requests are not told', async () => {
	const { token } = await account(fresh('Eve'));
	const client = await Client.connect(server, { headers: { 'X-Forwarded-For': '192.0.2.30' } });
	await client.signIn({ token: 'not one' }).catch(() => {});
	await client.close();
	assert.equal(await line('address="192.0.2.30"'), 'info sign_in.failed address="192.0.2.30" reason="invalid_token" how="token"');
	await post(server, 'room.list', {}, { token: 'not one', ...from('192.0.2.31') });
	assert.equal(await line('address="192.0.2.31"'), 'info sign_in.failed address="192.0.2.31" reason="invalid_token" how="token"');
	await post(server, 'room.list', {}, { cookie: `parley_session_${server.port}=not-one`, ...from('192.0.2.32') });
	assert.equal(await line('address="192.0.2.32"'), 'info sign_in.failed address="192.0.2.32" reason="invalid_token" how="cookie"');
	await EventStream.open(server, 'room=any', { token: 'not one', ...from('192.0.2.33') });
	assert.equal(await line('address="192.0.2.33"'), 'info sign_in.failed address="192.0.2.33" reason="invalid_token" how="token"');
	await command(server, 'room.list', {}, { token, ...from('192.0.2.34') });
	await post(server, 'room.list', {}, from('192.0.2.34')); // without any
	await post(server, 'room.list', {}, { token: 'not one', ...from('192.0.2.35') });
	await line('address="192.0.2.35"'); // the earlier lines are there too
	assert.deepEqual(lines(server, 'address="192.0.2.34"'), []);
});

test('signing out, and the token that is void then', async () => {
	const name = fresh('Leaving');
	const { user, token } = await account(name);
	await command(server, 'account.logout', {}, { token, ...from('192.0.2.40') });
	assert.equal(await line('address="192.0.2.40"'), `info sign_out.done address="192.0.2.40" how="here" id="${user.id}" kind="person" account="${name}"`);
	await post(server, 'account.logout', {}, { token, ...from('192.0.2.41') });
	assert.equal(await line('address="192.0.2.41"'), 'info sign_in.failed address="192.0.2.41" reason="invalid_token" how="token"');
	const again = await command(server, 'account.login', { name, password: PASSWORD }, from('192.0.2.1'));
	await command(server, 'account.logout', { everywhere: true }, { token: again.token, ...from('192.0.2.42') });
	assert.equal(await line('address="192.0.2.42"'), `info sign_out.done address="192.0.2.42" how="everywhere" id="${user.id}" kind="person" account="${name}"`);
});

test('a bot, and who made it', async () => {
	const name = fresh('Maker'), bot = fresh('Bot');
	const { token } = await account(name);
	await command(server, 'bot.create', { name: bot }, { token, ...from('192.0.2.50') });
	assert.equal(await line('address="192.0.2.50"'), `info bot.created address="192.0.2.50" by="${name}" account="${bot}"`);
});

test('each of the operator\'s commands, with the user whose process asked', async () => {
	const name = fresh('Owner'), bot = fresh('Reporter'), room = fresh('nowhere');
	const uid = process.getuid();
	const asked = [
		['admin.owner', { name, password: PASSWORD }, `info admin.done uid=${uid} command="admin.owner" how="create" subject="${name}"`],
		['admin.owner', { name }, `info admin.done uid=${uid} command="admin.owner" how="promote" subject="${name}"`],
		['admin.bot', { name: bot }, `info admin.done uid=${uid} command="admin.bot" how="create" subject="${bot}"`],
		['admin.bot', { name: bot, renew: true }, `info admin.done uid=${uid} command="admin.bot" how="renew" subject="${bot}"`],
		['admin.password', { name, password: PASSWORD }, `info admin.done uid=${uid} command="admin.password" subject="${name}"`],
		['admin.verify', {}, `info admin.done uid=${uid} command="admin.verify"`],
		['admin.backup', { path: join(server.dataDir, 'trail.db') }, `info admin.done uid=${uid} command="admin.backup" subject="${join(server.dataDir, 'trail.db')}"`],
		['admin.export', { room }, `info admin.failed uid=${uid} reason="not_found" command="admin.export" subject="${room}"`],
	];
	for (const [type, data, expected] of asked) {
		await post(operator, type, data);
		await until(30000, expected, () => lines(server, ' admin.').some((told) => withoutTime(told) === expected));
	}
	assert.equal(lines(server, ' admin.').length, asked.length);
	const { token } = await command(server, 'account.login', { name, password: PASSWORD }, from('192.0.2.1'));
	const made = await command(server, 'room.create', { name: room }, { token });
	for (const after of [0, 1]) { // the second is a further page
		await command(operator, 'admin.export', { room: made.id, after, limit: 1 });
	}
	await command(operator, 'admin.verify', {});
	await until(30000, 'the export', () => lines(server, `subject="${made.id}"`).length > 0);
	assert.equal(lines(server, 'admin.done').filter((told) => told.includes('admin.export')).length, 1);
});

test('the address is the client\'s, whatever the proxy adds to it', async () => {
	for (const [told, address] of [['[2001:db8::7]:4711', '2001:db8::7'], ['198.51.100.7:4711', '198.51.100.7'], ['forged, 198.51.100.8', '198.51.100.8']]) {
		await post(server, 'room.list', {}, { token: 'not one', ...from(told) });
		assert.equal(await line(`address="${address}"`), `info sign_in.failed address="${address}" reason="invalid_token" how="token"`);
	}
});

test('too many passwords: the refused attempts are told with their reason', async (t) => {
	const limited = await serverFor(t, { args: ['--limit-password-attempts', '2'] });
	for (let i = 0; i < 4; i++) {
		await post(limited, 'account.login', { name: 'Ann', password: PASSWORD });
	}
	await until(30000, 'four lines', () => lines(limited, 'sign_in.failed').length === 4);
	assert.deepEqual(lines(limited, 'sign_in').map((told) => /reason="(\w+)"/.exec(told)[1]), ['wrong_credentials', 'wrong_credentials', 'rate_limited', 'rate_limited']);
});

test('a flood of refused tokens makes a line a second, and hides nobody else', async () => {
	const refuse = (address) => post(server, 'room.list', {}, { token: 'not one', ...from(address) });
	const told = () => lines(server, 'sign_in.failed address="203.0.113.1"');
	const start = Date.now();
	for (let i = 0; i < 400; i++) {
		await refuse('203.0.113.1');
	}
	await refuse('203.0.113.2');
	await line('address="203.0.113.2"'); // the earlier lines are there too
	const most = 60 + 1 + Math.ceil((Date.now() - start) / 1000);
	assert.ok(told().length >= 60 && told().length <= most, `${told().length} lines of at most ${most}`);
	assert.ok(lines(server, 'sign_in.unlogged address="203.0.113.1"').length >= 1);
	const before = told().length;
	await until(30000, 'a further line', async () => {
		await refuse('203.0.113.1');
		return told().length > before;
	});
	assert.match(told().at(-1), / unlogged=\d+$/);
	const n = told().reduce((sum, text) => sum + 1 + Number(/ unlogged=(\d+)/.exec(text)?.[1] ?? 0), 0);
	assert.ok(n > 400, `${n} are told of`);
});

test('a flood of good tokens of one account is bounded too', async () => {
	const { token } = await account(fresh('Restless'));
	for (let i = 0; i < 100; i++) {
		await (await Client.start(server, { token }, { headers: { 'X-Forwarded-For': '203.0.113.9' } })).close();
	}
	await until(30000, 'the bound is told', () => lines(server, 'sign_in.unlogged address="203.0.113.9"').length > 0);
	assert.ok(lines(server, 'sign_in.done address="203.0.113.9"').length < 100);
});

// The filter of deploy/OPERATING.md, as fail2ban uses it: the date is cut out of the line before, and <HOST> is an address.
function bansOf(text) {
	const manual = readFileSync(new URL('../../deploy/OPERATING.md', import.meta.url), 'utf8');
	const pattern = /^ +failregex = (.*)$/m.exec(manual)[1].replace('<HOST>', '(?<host>[0-9A-Fa-f:.]+|[\\w.-]+)');
	return text.split('\n').map((told) => new RegExp(pattern).exec(told.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, ''))?.groups.host).filter(Boolean);
}

test('the filter for fail2ban bans who failed, and nobody whom a name names', async (t) => {
	const target = await serverFor(t, { args: ['--trusted-proxy', '127.0.0.1'] });
	const forged = 'info sign_in.failed address="198.51.100.66" reason="wrong_credentials" how="';
	const hostile = [forged, `x" ${forged}`, `\n2026-11-28T15:00:00.000Z ${forged}`, `\r\n${forged}`, `\u2028${forged}`, `host parleyd[1]: ${forged}`, `x\\" ${forged}`];
	for (const [i, name] of hostile.entries()) {
		await post(target, 'account.login', { name: name.slice(0, 60), password: PASSWORD }, from(`192.0.2.${100 + i}`));
		await post(target, 'account.login', { name, password: PASSWORD }, from(`192.0.2.${100 + i}`));
		await post(target, 'session.start', { guest: name.slice(0, 60) }, from(`192.0.2.${100 + i}`));
		await post(target, 'session.start', { guest: name }, from(`192.0.2.${100 + i}`));
	}
	await post(target, 'account.login', { name: 'Ann', password: PASSWORD }, from('192.0.2.200'));
	await post(target, 'room.list', {}, { token: 'x', ...from('2001:db8::9') });
	await line('address="2001:db8::9"', target);
	const bans = bansOf(target.stderr);
	assert.ok(!bans.includes('198.51.100.66'), bans.join(' '));
	assert.deepEqual(bans.slice(-2), ['192.0.2.200', '2001:db8::9']);
	assert.deepEqual(bansOf(`2026-11-28T15:00:00.000Z ${forged}`), ['198.51.100.66'], 'the filter sees such a line');
	assert.deepEqual(bansOf(`host parleyd[1]: 2026-11-28T15:00:00.000Z ${forged}`), ['198.51.100.66'], 'and from the journal');
});
