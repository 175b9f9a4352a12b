// The page's session cookie: the server that it belongs to, how long it lasts, and what happens to a cookie under the name of earlier versions.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, finish, fresh } from './lib/client.mjs';
import { EventStream, command, post, sessionCookie } from './lib/http.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const LASTS_S = 90 * 24 * 3600; // as long as a token that is not used
const OLD_NAME = 'parley_session';

let server;
before(async () => {
	server = await startServer({ args: ['--trusted-proxy', '127.0.0.1'] });
});
after(() => server.stop());

const nameOf = (target) => `parley_session_${target.port}`;

// A new guest.
async function join(target) {
	const answer = await post(target, 'session.start', { guest: fresh('Guest') }, { origin: target.url });
	assert.equal(answer.status, 200, answer.text);
	return { token: answer.json.data.token, cookie: sessionCookie(answer), user: answer.json.data.user.id };
}

async function signedInBy(t, target, cookies) {
	const client = await Client.connect(target, { headers: { Cookie: cookies, Origin: target.url } });
	t.after(() => finish(client));
	return (await client.signIn({})).user.id;
}

// [{name, value, maxAge}] of an answer.
function cookiesSet(answer) {
	return (answer.headers['set-cookie'] ?? []).map((line) => {
		const [, name, value, rest] = /^([^=]+)=([^;]*);(.*)$/.exec(line);
		assert.match(rest, /; HttpOnly; SameSite=Strict/);
		return { name, value, maxAge: Number(/Max-Age=(\d+)/.exec(rest)[1]) };
	});
}

for (const [url, name, proto] of [
	['http://localhost:8081', 'parley_session_8081'],
	['http://localhost', 'parley_session'],
	['http://localhost:443', 'parley_session_443'],
	['http://[::1]:8080', 'parley_session_8080'],
	['https://localhost', '__Host-parley_session', 'https'],
	['https://localhost:8443', '__Host-parley_session_8443', 'wss'],
	['https://localhost:80', '__Host-parley_session_80', 'https'],
]) {
	test(`a browser at ${url} gets ${name}`, async () => {
		const headers = { Host: url.split('//')[1], ...(proto && { 'X-Forwarded-Proto': proto }) };
		const answer = await post(server, 'session.start', { guest: fresh('Guest') }, { origin: url, headers });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(cookiesSet(answer).map((cookie) => cookie.name), [name]);
	});
}

test('two servers on one host keep their sessions apart', async (t) => {
	const other = await serverFor(t);
	const [here, there] = [await join(server), await join(other)];
	const both = `${here.cookie}; ${there.cookie}`; /* as a browser sends them, to either */
	for (const [target, who] of [[server, here], [other, there]]) {
		assert.equal(await signedInBy(t, target, both), who.user);
	}
	const out = await post(other, 'account.logout', {}, { cookie: both });
	assert.deepEqual(cookiesSet(out), [{ name: nameOf(other), value: '', maxAge: 0 }]);
	assert.equal((await post(server, 'room.list', {}, { cookie: both })).status, 200);
});

test('each request that the cookie signs in sets it for as long again, as its token lasts', async (t) => {
	const { token, cookie } = await join(server);
	const renewed = [{ name: nameOf(server), value: token, maxAge: LASTS_S }];
	assert.deepEqual(cookiesSet(await post(server, 'room.list', {}, { cookie })), renewed);
	assert.deepEqual(cookiesSet(await post(server, 'session.start', {}, { cookie })), renewed);
	const { id: room } = await command(server, 'room.create', { name: fresh('room') }, { cookie });
	const stream = await EventStream.open(server, `room=${room}`, { cookie });
	t.after(() => stream.close());
	assert.deepEqual(cookiesSet(stream), renewed);
	assert.deepEqual(cookiesSet(await post(server, 'room.get', { room: 'no such room' }, { cookie })), renewed); /* refused, but signed in */
});

test('what was signed out, and what is no session, is not set again; nor is a token that came otherwise', async () => {
	const { token, cookie } = await join(server);
	assert.deepEqual(cookiesSet(await post(server, 'room.list', {}, { token })), []);
	assert.deepEqual(cookiesSet(await post(server, 'room.list', {}, { token, headers: { Cookie: cookie } })), []);
	assert.deepEqual(cookiesSet(await post(server, 'account.logout', {}, { cookie })), [{ name: nameOf(server), value: '', maxAge: 0 }]);
	for (const dead of [cookie, `${nameOf(server)}=rubbish`, `${OLD_NAME}=rubbish`]) {
		const answer = await post(server, 'room.list', {}, { cookie: dead });
		assert.equal(answer.status, 401);
		assert.deepEqual(cookiesSet(answer), []);
	}
});

test('a session under the old name goes on, and moves to the new one', async (t) => {
	const { token, user } = await join(server);
	const old = `${OLD_NAME}=${token}`;
	assert.equal(await signedInBy(t, server, old), user);
	assert.deepEqual(cookiesSet(await post(server, 'room.list', {}, { cookie: old })),
		[{ name: nameOf(server), value: token, maxAge: LASTS_S }, { name: OLD_NAME, value: '', maxAge: 0 }]);
	assert.deepEqual(cookiesSet(await post(server, 'account.logout', {}, { cookie: old })),
		[{ name: nameOf(server), value: '', maxAge: 0 }, { name: OLD_NAME, value: '', maxAge: 0 }]);
});

test('a cookie under the old name that another server wrote is no session that ended, and no refused sign-in', async (t) => {
	const target = await serverFor(t);
	const anothers = `${OLD_NAME}=anothers`;
	const code = async (cookie) => (await post(target, 'room.list', {}, { cookie })).json.data.code;
	const client = await Client.connect(target, { headers: { Cookie: anothers, Origin: target.url } });
	t.after(() => finish(client));
	await client.refused('session.start', {}, 'unauthenticated');
	await client.refused('session.start', { token: 'unknown' }, 'invalid_token');
	assert.equal(await code(anothers), 'unauthenticated');
	assert.equal(await code(`${nameOf(target)}=rubbish; ${anothers}`), 'invalid_token');
	const failed = () => target.stderr.split('\n').filter((line) => line.includes('sign_in.failed'));
	await until(5000, 'the last of the refused', () => failed().some((line) => line.includes('how="cookie"')));
	assert.equal(failed().length, 2, failed().join('\n'));
	assert.match(failed()[0], /how="token"/);
});

test('a cookie under the old name that another server wrote is left to it', async () => {
	const anothers = `${OLD_NAME}=anothers`;
	const answer = await post(server, 'session.start', { guest: fresh('Guest') }, { cookie: anothers });
	assert.equal(answer.status, 200);
	assert.deepEqual(cookiesSet(answer).map(({ name }) => name), [nameOf(server)]);
	const own = sessionCookie(answer);
	assert.deepEqual(cookiesSet(await post(server, 'account.logout', {}, { cookie: `${anothers}; ${own}` })), [{ name: nameOf(server), value: '', maxAge: 0 }]);
});
