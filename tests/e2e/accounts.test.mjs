import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, clientFor, finish, fresh } from './lib/client.mjs';
import { slowPasswords } from './lib/env.mjs';
import { command, post, sessionCookie } from './lib/http.mjs';
import { metricsOf, untilMetrics } from './lib/metrics.mjs';
import { serverFor, startServer } from './lib/server.mjs';

const PASSWORD = 'correct horse battery';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

test('account.create makes a person who can sign in at once', async (t) => {
	const name = fresh('Ada');
	const made = await command(server, 'account.create', { name, password: PASSWORD });
	assert.equal(made.user.kind, 'person');
	assert.equal(made.user.name, name);
	const client = await clientFor(t, server, { token: made.token });
	assert.equal(client.user.id, made.user.id);
});

test('account.create over POST sets the session cookie', async () => {
	const answer = await post(server, 'account.create', { name: fresh('Cookie'), password: PASSWORD }, { origin: server.url });
	assert.ok(sessionCookie(answer));
});

test('a taken name is refused, also in other letters, widths and spacing, and one that looks like it', async () => {
	const name = fresh('Straße');
	await command(server, 'account.create', { name, password: PASSWORD });
	for (const same of [name, name.toUpperCase(), name.replace('ß', 'ss'), ` ${name.replaceAll(' ', '  ')} `, name.replace('S', 'Ｓ'), name.replace('a', '\u0430')]) {
		const answer = await post(server, 'account.create', { name: same, password: PASSWORD });
		assert.equal(answer.status, 409, `${same}: ${answer.text}`);
		assert.equal(answer.json.data.code, 'name_taken');
	}
});

test('a short or too long password is refused with the name of the member', async () => {
	for (const password of ['short', '', 'x'.repeat(257)]) {
		const answer = await post(server, 'account.create', { name: fresh('Pw'), password });
		assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
		assert.match(answer.json.data.message, /password/);
	}
});

test('account.login gives a new token each time, and all are good', async (t) => {
	const name = fresh('Many');
	const made = await command(server, 'account.create', { name, password: PASSWORD });
	const tokens = new Set([made.token]);
	for (let i = 0; i < 2; i++) {
		tokens.add((await command(server, 'account.login', { name, password: PASSWORD })).token);
	}
	assert.equal(tokens.size, 3);
	for (const token of tokens) {
		await clientFor(t, server, { token });
	}
});

test('the name at account.login is case-folded', async () => {
	const name = fresh('Grace');
	const made = await command(server, 'account.create', { name, password: PASSWORD });
	const back = await command(server, 'account.login', { name: name.toUpperCase(), password: PASSWORD });
	assert.equal(back.user.id, made.user.id);
	assert.equal(back.user.name, name);
});

test('a wrong password and an unknown name get the same answer in about the same time', async () => {
	const name = fresh('Known');
	await command(server, 'account.create', { name, password: PASSWORD });
	const times = [Infinity, Infinity]; // the shortest of several, because a busy machine makes some longer and none shorter
	const answers = [];
	for (let i = 0; i < 6; i++) {
		const began = process.hrtime.bigint();
		answers[i % 2] = await post(server, 'account.login', { name: i % 2 ? fresh('Unknown') : name, password: 'wrong password' });
		times[i % 2] = Math.min(times[i % 2], Number(process.hrtime.bigint() - began) / 1e6);
	}
	assert.equal(answers[0].status, 401);
	assert.equal(answers[0].json.data.code, 'wrong_credentials');
	assert.equal(answers[0].text, answers[1].text);
	// Both hash once: argon2id takes tens of milliseconds, an early answer would take one.
	assert.ok(times[1] > times[0] / 5, `known ${times[0]} ms, unknown ${times[1]} ms`);
});

test('a guest or a bot has no password: account.login is refused like a wrong one', async (t) => {
	const guest = await clientFor(t, server, { guest: fresh('Passwordless') });
	const answer = await post(server, 'account.login', { name: guest.user.name, password: PASSWORD });
	assert.equal(answer.json.data.code, 'wrong_credentials');
});

test('account.logout ends the token and closes the sockets signed in with it with 4003', async (t) => {
	const { token } = await command(server, 'account.create', { name: fresh('Out'), password: PASSWORD });
	const first = await clientFor(t, server, { token });
	const second = await clientFor(t, server, { token });
	await first.request('account.logout', {});
	assert.equal((await second.waitClose()).code, 4003);
	assert.equal((await first.waitClose()).code, 4003);
	const client = await Client.connect(server);
	t.after(() => finish(client));
	await client.refused('session.start', { token }, 'invalid_token');
});

test('account.logout leaves the other tokens of the user alone', async (t) => {
	const name = fresh('Two devices');
	const one = await command(server, 'account.create', { name, password: PASSWORD });
	const two = await command(server, 'account.login', { name, password: PASSWORD });
	const stays = await clientFor(t, server, { token: two.token });
	await command(server, 'account.logout', {}, { token: one.token });
	await stays.settle();
	assert.equal((await post(server, 'room.list', {}, { token: one.token })).status, 401);
	assert.equal((await post(server, 'room.list', {}, { token: two.token })).status, 200);
});

test('account.logout everywhere ends all tokens and closes all sockets of the user', async (t) => {
	const name = fresh('Everywhere');
	const one = await command(server, 'account.create', { name, password: PASSWORD });
	const two = await command(server, 'account.login', { name, password: PASSWORD });
	const a = await clientFor(t, server, { token: one.token });
	const b = await clientFor(t, server, { token: two.token });
	const stranger = await clientFor(t, server, { guest: fresh('Stranger') });
	await a.request('account.logout', { everywhere: true });
	assert.equal((await a.waitClose()).code, 4003);
	assert.equal((await b.waitClose()).code, 4003);
	await stranger.settle();
	for (const { token } of [one, two]) {
		assert.equal((await post(server, 'room.list', {}, { token })).status, 401);
	}
});

test('account.logout over POST deletes the cookie', async () => {
	const cookie = sessionCookie(await post(server, 'account.create', { name: fresh('Cookie out'), password: PASSWORD }, { origin: server.url }));
	const answer = await post(server, 'account.logout', {}, { cookie });
	assert.equal(answer.status, 200, answer.text);
	assert.match(answer.headers['set-cookie'][0], /parley_session_\d+=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/i);
	assert.equal((await post(server, 'room.list', {}, { cookie })).status, 401);
});

test('password attempts from one address are limited, also with the right password afterwards', async (t) => {
	const strict = await serverFor(t, { args: ['--limit-password-attempts', '3', '--limit-address-accounts', '0'], relaxed: false });
	const name = fresh('Guessed');
	await command(strict, 'account.create', { name, password: PASSWORD });
	let limited;
	for (let i = 0; i < 6 && !limited; i++) {
		const answer = await post(strict, 'account.login', { name, password: `guess number ${i}` });
		if (answer.status === 429) {
			limited = answer;
		} else {
			assert.equal(answer.json.data.code, 'wrong_credentials');
		}
	}
	assert.ok(limited, 'no attempt was refused');
	assert.equal(limited.json.data.code, 'rate_limited');
	assert.equal(limited.json.data.retryable, true);
	assert.ok(limited.json.data.retry_after_ms > 0);
	assert.equal((await post(strict, 'account.login', { name, password: PASSWORD })).status, 429);
});

test('the number of accounts and guests made from one address is limited', async (t) => {
	const strict = await serverFor(t, { args: ['--limit-address-accounts', '2'], relaxed: false });
	const answers = [];
	for (let i = 0; i < 4; i++) {
		answers.push(await post(strict, 'session.start', { guest: `Guest ${i}` }));
	}
	assert.equal(answers[0].status, 200);
	const last = answers.at(-1);
	assert.equal(last.status, 429, last.text);
	assert.ok(Number(last.headers['retry-after']) >= 1);
});

test('many logins at once are answered while other connections go on', async (t) => {
	const busy = await serverFor(t, { env: slowPasswords });
	const name = fresh('Busy');
	await command(busy, 'account.create', { name, password: PASSWORD });
	const other = await clientFor(t, busy, { guest: fresh('Unhurried') });
	const before = (await metricsOf(busy)).get('parley_requests_total');
	let answered = 0;
	const logins = Promise.all(Array.from({ length: 16 }, () => post(busy, 'account.login', { name, password: PASSWORD }).finally(() => { answered++; })));
	await untilMetrics(busy, 'the logins to be under way', (now) => now.get('parley_requests_total') >= before + 16);
	let nMeanwhile = 0;
	for (; answered < 16; nMeanwhile++) {
		await other.settle();
	}
	const answers = await logins;
	assert.ok(nMeanwhile > 16, `${nMeanwhile} requests of the other one were answered while 16 passwords were hashed`);
	for (const answer of answers) {
		assert.ok(answer.status === 200 || answer.status === 429, answer.text);
	}
	assert.ok(answers.some((answer) => answer.status === 200));
	t.diagnostic(`${nMeanwhile} requests of the other one were answered meanwhile`);
});
