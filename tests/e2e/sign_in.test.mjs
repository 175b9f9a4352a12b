import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, clientFor, finish, fresh } from './lib/client.mjs';
import { command, post, sessionCookie } from './lib/http.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

async function connectFor(t, target = server, options) {
	const client = await Client.connect(target, options);
	t.after(() => finish(client));
	return client;
}

test('hello is the first frame and names protocol, server, guests, heartbeat and limits', async (t) => {
	const client = await connectFor(t);
	assert.equal(JSON.parse(client.frames[0]).type, 'hello');
	assert.equal(client.hello.protocol, 'parley.v1');
	assert.match(client.hello.server, /^parley\/\d+\.\d+\.\d+/);
	assert.equal(client.hello.guests, true);
	assert.equal(client.hello.accounts, 'open');
	assert.equal(client.hello.heartbeat_ms, 25000);
	assert.equal(client.hello.limits.frame_bytes, 65536);
});

test('a guest signs in with a name and gets a user, a token and no rooms', async (t) => {
	const name = fresh('Guest');
	const client = await clientFor(t, server, { guest: name });
	assert.match(client.session.user.id, UUID);
	assert.equal(client.session.user.name, name);
	assert.equal(client.session.user.kind, 'guest');
	assert.equal(client.session.user.role, 'none');
	assert.ok(client.session.token.length >= 32);
	assert.deepEqual(client.session.rooms, []);
});

test('a guest comes back with its token as the same user, and no new token is made', async (t) => {
	const first = await clientFor(t, server, { guest: fresh('Returning') });
	const second = await clientFor(t, server, { token: first.token });
	assert.equal(second.user.id, first.user.id);
	assert.equal(second.session.token, undefined);
});

test('a person signs in with the token of account.login', async (t) => {
	const name = fresh('Person');
	await command(server, 'account.create', { name, password: 'correct horse' });
	const { token } = await command(server, 'account.login', { name, password: 'correct horse' });
	const client = await clientFor(t, server, { token });
	assert.equal(client.user.name, name);
	assert.equal(client.user.kind, 'person');
});

test('the cookie of a POST signs in a WebSocket from the same origin', async (t) => {
	const answer = await post(server, 'session.start', { guest: fresh('Cookie') }, { origin: server.url });
	assert.equal(answer.status, 200, answer.text);
	const cookie = sessionCookie(answer);
	assert.ok(cookie, 'no session cookie was set');
	const client = await connectFor(t, server, { headers: { Cookie: cookie, Origin: server.url } });
	const session = await client.signIn({});
	assert.equal(session.user.id, answer.json.data.user.id);
});

test('the session cookie is HttpOnly, SameSite=Strict and for the whole site', async () => {
	const answer = await post(server, 'session.start', { guest: fresh('Cookie') }, { origin: server.url });
	const line = answer.headers['set-cookie'][0];
	assert.match(line, new RegExp(`^parley_session_${server.port}=[^;]+;`));
	assert.match(line, /; *HttpOnly/i);
	assert.match(line, /; *SameSite=Strict/i);
	assert.match(line, /; *Path=\/(;|$)/i);
	assert.match(line, /; *Max-Age=7776000/i);
	assert.doesNotMatch(line, /; *Secure/i);
});

test('a cookie that comes from another origin does not sign in', async () => {
	const cookie = sessionCookie(await post(server, 'session.start', { guest: fresh('Cookie') }, { origin: server.url }));
	const client = new Client(server, { headers: { Cookie: cookie, Origin: 'http://evil.example' } });
	await assert.rejects(client.opened, /403/);
});

test('a cookie that is not good refuses no upgrade: session.start says so, and takes a guest on the same connection', async (t) => {
	const answer = await post(server, 'session.start', { guest: fresh('Cookie') }, { origin: server.url });
	const ended = sessionCookie(answer);
	await post(server, 'session.end', {}, { cookie: ended, origin: server.url });
	for (const cookie of [ended, `parley_session_${server.port}=rubbish`]) {
		const client = await connectFor(t, server, { headers: { Cookie: cookie, Origin: server.url } });
		await client.refused('session.start', {}, 'invalid_token');
		await client.signIn({ guest: fresh('After all') });
	}
	const bot = await connectFor(t, server, { headers: { Cookie: sessionCookie(answer) } }); // no Origin: it counts for nothing
	await bot.refused('session.start', {}, 'unauthenticated');
});

test('session.start with neither token, guest nor cookie is unauthenticated, and the connection stays', async (t) => {
	const client = await connectFor(t);
	await client.refused('session.start', {}, 'unauthenticated');
	await client.signIn({ guest: fresh('Second try') });
});

test('a wrong token is refused and the connection stays', async (t) => {
	const client = await connectFor(t);
	const error = await client.refused('session.start', { token: 'A'.repeat(43) }, 'invalid_token');
	assert.equal(error.retryable, false);
	await client.refused('session.start', { token: 'short' });
	await client.signIn({ guest: fresh('After a wrong token') });
});

test('token and guest together are refused', async (t) => {
	const client = await connectFor(t);
	await client.refused('session.start', { token: 'A'.repeat(43), guest: 'Both' }, 'invalid_request');
});

test('an account has account_sessions sessions; one more is refused until one ends, and the connection stays', async (t) => {
	const server = await serverFor(t, { args: ['--limit-account-sessions', '2'] });
	const one = await clientFor(t, server, { guest: 'Everywhere' });
	const two = await Client.start(server, { token: one.token });
	const three = await Client.connect(server);
	t.after(() => three.close());
	const error = await three.refused('session.start', { token: one.token }, 'too_many_sessions');
	assert.equal(error.retryable, true);
	assert.ok(error.retryAfterMs > 0);
	assert.equal((await post(server, 'room.list', {}, { token: one.token })).status, 200); // a request is no session
	await clientFor(t, server, { guest: 'Somebody else' });
	await two.close();
	await until(10000, 'the place of the closed one to be free', () => three.signIn({ token: one.token }).then(() => true, (e) => {
		assert.equal(e.code, 'too_many_sessions');
		return false;
	}));
});

test('a second session.start is already_started', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Twice') });
	await client.refused('session.start', { guest: 'Twice again' }, 'already_started');
	await client.settle();
});

test('commands before session.start are unauthenticated', async (t) => {
	const client = await connectFor(t);
	for (const type of ['room.list', 'account.logout', 'session.end']) {
		await client.refused(type, {}, 'unauthenticated');
	}
	await client.refused('room.create', { name: fresh('room') }, 'unauthenticated');
	await client.refused('message.send', { room: 'x', text: 'y' }, 'unauthenticated');
});

test('account.create and account.login work before session.start and give a token for it', async (t) => {
	const name = fresh('Early');
	const client = await connectFor(t);
	const made = await client.request('account.create', { name, password: 'correct horse' });
	assert.equal(made.user.name, name);
	const { token } = await client.request('account.login', { name, password: 'correct horse' });
	await client.signIn({ token });
	assert.equal(client.user.id, made.user.id);
});

test('a connection that does not sign in is closed with 4001 when its time is over', async (t) => {
	const hasty = await serverFor(t, { args: ['--limit-sign-in-ms', '300'] });
	const began = Date.now();
	const client = await Client.connect(hasty);
	assert.equal(client.hello.limits.sign_in_ms, 300);
	const { code } = await client.waitClose();
	assert.equal(code, 4001);
	assert.ok(Date.now() - began >= 250, 'closed before its time was over');
});

test('a connection that signed in is not closed when the time to sign in is over', async (t) => {
	const hasty = await serverFor(t, { args: ['--limit-sign-in-ms', '300'] });
	const client = await clientFor(t, hasty, { guest: 'Quick' });
	const later = await Client.connect(hasty);
	assert.equal((await later.waitClose()).code, 4001, 'its time, which began later, is over');
	await client.settle();
});

test('with --guests off a guest is refused with guests_off, and hello says so', async (t) => {
	const closed = await serverFor(t, { args: ['--guests', 'off'] });
	const client = await connectFor(t, closed);
	assert.equal(client.hello.guests, false);
	await client.refused('session.start', { guest: 'Nobody' }, 'guests_off');
	const answer = await post(closed, 'session.start', { guest: 'Nobody' });
	assert.equal(answer.status, 403);
	assert.equal(answer.json.data.code, 'guests_off');
});

test('session.end comes after the answers to what was asked before it', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Hasty') });
	const { id: room } = await client.request('room.create', { name: fresh('room') });
	const asked = Array.from({ length: 5 }, (_, i) => client.request('message.send', { room, text: `${i}` }));
	asked.push(client.request('session.end', {}));
	const outcomes = await Promise.allSettled(asked);
	assert.deepEqual(outcomes.map(({ status }) => status), Array(6).fill('fulfilled'));
	assert.equal((await client.waitClose()).code, 1000);
});

test('session.end answers and closes with 1000; the token stays good', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Leaving') });
	assert.deepEqual(await client.request('session.end', {}), {});
	assert.equal((await client.waitClose()).code, 1000);
	const again = await clientFor(t, server, { token: client.token });
	assert.equal(again.user.id, client.user.id);
});

test('the names of guests are cleaned and checked', async (t) => {
	const client = await connectFor(t);
	for (const [what, name] of [['empty', ''], ['white space', '   '], ['a control character', 'a\u0007b'], ['a bidi override', 'a\u202eb'],
		['too long', 'x'.repeat(65)], ['an id', '00000000-0000-4000-8000-000000000000'], ['a heap of marks', `a${'\u0301'.repeat(10)}`],
		['a private-use character', 'a\ue000']]) {
		const error = await client.refused('session.start', { guest: name }, what === 'too long' ? 'too_large' : 'invalid_request');
		assert.match(error.wireMessage, /guest|name/, what);
	}
	const marker = fresh('n');
	const session = await client.signIn({ guest: `  ${marker}   x  ` });
	assert.equal(session.user.name, `${marker} x`);
});

test('a session of before a restart is good after it', async (t) => {
	const first = await startServer();
	const client = await Client.start(first, { guest: 'Durable' });
	const { token, user } = client;
	await client.close();
	await first.stop();
	const second = await serverFor(t, { dataDir: first.dataDir });
	const again = await clientFor(t, second, { token });
	assert.deepEqual(again.user, user);
});

test('a WebSocket may ask for the subprotocol parley.v1 and gets it', async (t) => {
	const client = await clientFor(t, server, { guest: fresh('Subprotocol') }, { protocols: ['other', 'parley.v1'] });
	assert.equal(client.socket.protocol, 'parley.v1');
});
