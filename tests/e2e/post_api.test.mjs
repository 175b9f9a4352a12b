import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { command, get, post, request, sessionCookie } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server;
let token;
let cookie;
before(async () => {
	server = await startServer();
	const answer = await post(server, 'session.start', { guest: 'Poster' }, { origin: server.url });
	token = answer.json.data.token;
	cookie = sessionCookie(answer);
});
after(() => server.stop());

test('a command by POST gets the same object as on the WebSocket', async (t) => {
	const client = await clientFor(t, server, { token });
	const byPost = await post(server, 'room.create', { name: fresh('room') }, { token });
	assert.equal(byPost.status, 200);
	assert.deepEqual(Object.keys(byPost.json), ['type', 'data']);
	assert.equal(byPost.json.type, 'ok');
	assert.match(byPost.headers['content-type'], /^application\/json/);
	assert.equal(byPost.headers['cache-control'], 'no-store');
	const room = byPost.json.data.id;
	const viaPost = (await post(server, 'room.get', { room }, { token })).json.data;
	assert.deepEqual(viaPost, await client.request('room.get', { room }));
});

test('a refusal is the same error object with a fitting status', async (t) => {
	const client = await clientFor(t, server, { token });
	for (const [type, data, status] of [['room.get', { room: fresh('absent') }, 404], ['room.create', {}, 400], ['session.start', { token: 'x'.repeat(43) }, 401],
		['message.send', { room: 'x', text: 5 }, 400]]) {
		const answer = await post(server, type, data, { token });
		assert.equal(answer.status, status, `${type}: ${answer.text}`);
		assert.equal(answer.json.type, 'error');
		assert.equal(answer.json.data.retryable, false);
		if (type !== 'session.start') {
			assert.deepEqual(answer.json.data, (await client.refused(type, data)).data);
		}
	}
});

test('every status of the table that a request can reach is reached', async () => {
	const name = fresh('room');
	await command(server, 'room.create', { name }, { token });
	const stranger = await command(server, 'session.start', { guest: fresh('Stranger') });
	const statuses = {
		409: () => post(server, 'room.create', { name }, { token }),
		403: () => post(server, 'message.send', { room: name, text: 'x' }, { token: stranger.token }),
		401: () => post(server, 'room.list', {}),
		404: () => post(server, 'no.such.command', {}, { token }),
		405: () => request(server, 'GET', '/api/v1/room.list'),
		413: () => post(server, 'room.list', {}, { token, body: `{"x":"${'y'.repeat(70000)}"}` }),
		415: () => post(server, 'room.list', {}, { token, contentType: 'text/plain' }),
		400: () => post(server, 'room.list', {}, { token, body: '{' }),
	};
	for (const [status, ask] of Object.entries(statuses)) {
		const answer = await ask();
		assert.equal(answer.status, Number(status), answer.text);
		assert.equal(JSON.parse(answer.text).type, 'error', answer.text);
	}
});

test('an empty body is an empty object', async () => {
	const answer = await post(server, 'room.list', undefined, { token, body: '' });
	assert.equal(answer.status, 200, answer.text);
	const untyped = await post(server, 'room.list', undefined, { token, body: '', contentType: null });
	assert.equal(untyped.status, 200, untyped.text);
});

test('Content-Type may carry a charset; another type is refused', async () => {
	assert.equal((await post(server, 'room.list', {}, { token, contentType: 'application/json; charset=utf-8' })).status, 200);
	assert.equal((await post(server, 'room.list', {}, { token, contentType: 'Application/JSON' })).status, 200);
	for (const contentType of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', null]) {
		const answer = await post(server, 'room.list', {}, { token, contentType });
		assert.equal(answer.status, 415, `${contentType}`);
		assert.equal(answer.json.data.code, 'unsupported_media');
	}
});

test('GET on a command is 405 with Allow', async () => {
	const answer = await get(server, '/api/v1/room.list');
	assert.equal(answer.status, 405);
	assert.match(answer.headers.allow, /POST/);
});

test('the cookie works from the page\'s own origin only', async () => {
	assert.equal((await post(server, 'room.list', {}, { cookie })).status, 200);
	for (const origin of ['http://evil.example', 'null', `${server.url}.evil.example`, server.url.replace('http', 'https'), 'http://127.0.0.1:1']) {
		const answer = await post(server, 'room.list', {}, { cookie, origin });
		assert.equal(answer.status, 403, origin);
		assert.equal(answer.json.data.code, 'bad_origin');
	}
});

test('the cookie without any Origin is refused for a command', async () => {
	const answer = await post(server, 'room.list', {}, { cookie, origin: null });
	assert.equal(answer.status, 403, answer.text);
	assert.equal(answer.json.data.code, 'bad_origin');
});

test('a bearer token needs no Origin, and is not disturbed by a foreign cookie', async () => {
	assert.equal((await post(server, 'room.list', {}, { token })).status, 200);
	assert.equal((await post(server, 'room.list', {}, { token, headers: { Cookie: 'theme=dark; parley_session=rubbish' } })).status, 200);
});

test('--origin names who may use cookies', async (t) => {
	const named = await startServer({ args: ['--origin', 'https://chat.example'] });
	t.after(() => named.stop());
	const answer = await post(named, 'session.start', { guest: 'Page' }, { origin: 'https://chat.example' });
	const own = sessionCookie(answer);
	assert.ok(own, answer.text);
	assert.equal((await post(named, 'room.list', {}, { cookie: own, origin: 'https://chat.example' })).status, 200);
	assert.equal((await post(named, 'room.list', {}, { cookie: own, origin: named.url })).status, 403);
});

test('a bad bearer token is 401, whatever it looks like', async () => {
	for (const bad of ['x', 'x'.repeat(43), 'x'.repeat(5000), '%00', '"']) {
		const answer = await post(server, 'room.list', {}, { token: bad });
		assert.equal(answer.status, 401, bad.slice(0, 10));
	}
	for (const header of ['Basic dXNlcjpwYXNz', 'Bearer', 'bearer']) {
		assert.equal((await post(server, 'room.list', {}, { headers: { Authorization: header } })).status, 401, header);
	}
});

test('the scheme of the Authorization header is read in any letters', async () => {
	assert.equal((await post(server, 'room.list', {}, { headers: { Authorization: `bEARER ${token}` } })).status, 200);
});

test('a refusal by rate says in Retry-After when to come back', async (t) => {
	const strict = await startServer({ args: ['--limit-account-requests', '1'], relaxed: false });
	t.after(() => strict.stop());
	const guest = await command(strict, 'session.start', { guest: 'Hasty' });
	let answer;
	for (let i = 0; i < 100; i++) {
		answer = await post(strict, 'room.list', {}, { token: guest.token });
		if (answer.status !== 200) {
			break;
		}
	}
	assert.equal(answer.status, 429);
	const { code, retryable, retry_after_ms } = answer.json.data;
	assert.deepEqual([code, retryable], ['rate_limited', true]);
	assert.equal(Number(answer.headers['retry-after']), Math.ceil(retry_after_ms / 1000));
});

test('admin commands are not served over TCP', async () => {
	for (const type of ['admin.verify', 'admin.owner', 'admin.account', 'admin.backup', 'admin.export', 'admin.bot', 'admin.password']) {
		const answer = await post(server, type, { name: 'x', password: 'correct horse', path: '/x', room: 'x' }, { token });
		assert.ok([403, 404].includes(answer.status), `${type}: ${answer.status}`);
		assert.ok(['forbidden', 'unknown_type'].includes(answer.json.data.code));
	}
});

test('session.end by POST logs out', async () => {
	const guest = await command(server, 'session.start', { guest: fresh('Ending') });
	const answer = await post(server, 'session.end', {}, { token: guest.token });
	assert.equal(answer.status, 200, answer.text);
	assert.equal((await post(server, 'room.list', {}, { token: guest.token })).status, 401);
});

test('a client_id makes a repeated POST safe', async () => {
	const room = (await command(server, 'room.create', { name: fresh('room') }, { token })).id;
	const client_id = randomUUID();
	const first = await command(server, 'message.send', { room, text: 'x', client_id }, { token });
	const again = await command(server, 'message.send', { room, text: 'x', client_id }, { token });
	assert.deepEqual(again, { ...first, duplicate: true });
});

test('many requests at once over many connections are all answered', async () => {
	const room = (await command(server, 'room.create', { name: fresh('room') }, { token })).id;
	const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => command(server, 'message.send', { room, text: `${i}` }, { token })));
	assert.deepEqual(answers.map((a) => a.seq).sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i + 3));
});
