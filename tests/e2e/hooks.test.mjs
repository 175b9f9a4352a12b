// Incoming webhooks: who makes them, what a post says and is answered, and what becomes of it.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { command, get, post, request } from './lib/http.mjs';
import { RawSocket } from './lib/raw.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const require = createRequire(import.meta.url);
const PASSWORD = 'correct horse battery';

let server;
let owner;
let room;
before(async () => {
	server = await startServer();
	owner = await command(server, 'account.create', { name: fresh('Hook owner'), password: PASSWORD });
	room = await command(server, 'room.create', { name: fresh('hooked') }, as(owner));
});
after(() => server.stop());

const as = (who) => ({ token: who.token });
const account = (name) => command(server, 'account.create', { name: fresh(name), password: PASSWORD });
const makeHook = (more = {}, target = server) => command(target, 'hook.create', { room: room.id, name: 'Builds', ...more }, as(owner));
const refusal = async (type, data, who) => (await post(server, type, data, as(who))).json.data.code;
const json = (body, headers = {}) => ({ body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } });
const say = (url, body, headers, target = server) => request(target, 'POST', url, json(body, headers));

async function messages(target = server, of = room, who = owner) {
	const { events } = await command(target, 'history.read', { room: of.id, limit: 200 }, as(who));
	return events.filter(({ type }) => type === 'message.created');
}

const withText = async (text) => (await messages()).filter(({ data }) => data.text === text);

function assertPlain(answer, status, word) {
	assert.deepEqual([answer.status, answer.text, answer.headers['content-type']], [status, word, 'text/plain']);
}

test('a post becomes a message of the hook, which everybody in the room is told', async (t) => {
	const reader = await clientFor(t, server, as(owner));
	const { hook, url } = await makeHook({ name: 'Cranes' });
	assert.match(url, /^\/hooks\/[A-Za-z0-9_-]{43}$/);
	assertPlain(await say(url, { text: 'It is *green*' }), 200, 'ok');
	const event = await reader.waitEvent((e) => e.type === 'message.created' && e.data.author.id === hook.id);
	assert.equal(event.room, room.id);
	assert.deepEqual(event.data.author, { id: hook.id, name: 'Cranes', kind: 'hook' });
	assert.equal(event.data.as, undefined);
	assert.deepEqual((await messages()).find(({ id }) => id === event.id), JSON.parse(event.raw));
});

test('a post may be shown as somebody, beside its author', async () => {
	const { url } = await makeHook();
	const text = fresh('as');
	await say(url, { text, username: ' Jenkins\u202e\n', icon_emoji: ':boat:', channel: '#elsewhere' });
	await say(url, { text, username: 'Jenkins', icon_url: 'https://example.com/i.png' });
	await say(url, { text, username: 'J'.repeat(1000) });
	const [bad, good, long] = (await withText(text)).map(({ data }) => data.as);
	assert.deepEqual(bad, { icon: ':boat:' }, 'a name that nobody may have is none');
	assert.deepEqual(good, { name: 'Jenkins', icon: 'https://example.com/i.png' });
	assert.equal(long.name, 'J'.repeat(64), 'a long name is cut');
});

test('the owner of the room and the server\'s make, list, rotate and delete its hooks, and nobody else', async () => {
	const [member, stranger] = [await account('Member'), await account('Stranger')];
	const hidden = await command(server, 'room.create', { name: fresh('hidden'), kind: 'private' }, as(owner));
	await command(server, 'member.add', { room: hidden.id, user: member.user.id }, as(owner));
	await command(server, 'room.join', { room: room.id }, as(member));
	const { hook: open } = await makeHook();
	const { hook, url } = await command(server, 'hook.create', { room: hidden.id, name: 'Secret' }, as(owner));
	for (const [who, public_, private_] of [[member, 'forbidden', 'forbidden'], [stranger, 'forbidden', 'not_found']]) {
		assert.equal(await refusal('hook.create', { room: room.id, name: 'Mine' }, who), public_);
		assert.equal(await refusal('hook.list', { room: room.id }, who), public_);
		for (const type of ['hook.rotate', 'hook.delete']) {
			assert.equal(await refusal(type, { hook: open.id }, who), public_);
			assert.equal(await refusal(type, { hook: hook.id }, who), private_);
		}
		assert.equal(await refusal('hook.list', { room: hidden.id }, who), private_);
	}
	const { hooks } = await command(server, 'hook.list', { room: hidden.id }, as(owner));
	assert.deepEqual(hooks, [hook]);
	assert.deepEqual(hook.by, { id: owner.user.id, name: owner.user.name, kind: 'person' });
	assert.equal(hook.signed, false);
	assert.equal(await refusal('hook.rotate', { hook: randomUUID() }, owner), 'not_found');
	assertPlain(await say(url, { text: 'in a private room' }), 200, 'ok');
	const serverOwner = await account('Server owner');
	await command({ socketPath: server.operatorSocket }, 'admin.owner', { name: serverOwner.user.name });
	const { url: next } = await command(server, 'hook.rotate', { hook: hook.id }, as(serverOwner));
	assertPlain(await say(url, { text: 'the old address' }), 404, 'no_service');
	assertPlain(await say(next, { text: 'the new address' }), 200, 'ok');
	await command(server, 'hook.delete', { hook: hook.id }, as(serverOwner));
	assertPlain(await say(next, { text: 'gone' }), 404, 'no_service');
	assert.deepEqual((await command(server, 'hook.list', { room: hidden.id }, as(owner))).hooks, []);
	assert.deepEqual((await messages(server, hidden)).map(({ data }) => data.text), ['in a private room', 'the new address']);
	assert.equal(await refusal('hook.delete', { hook: hook.id }, owner), 'not_found');
});

test('a hook is no account that anybody can use, add or see among the members', async () => {
	const name = fresh('Puppet');
	const { hook, url } = await makeHook({ name });
	const { hook: namesake } = await makeHook({ name });
	assert.notEqual(hook.id, namesake.id);
	const person = await command(server, 'account.create', { name, password: PASSWORD });
	assert.equal(person.user.name, name, 'a hook takes no name from people');
	assert.equal((await post(server, 'room.list', {}, { token: url.slice('/hooks/'.length) })).json.data.code, 'invalid_token');
	assert.equal(await refusal('member.add', { room: room.id, user: hook.id }, owner), 'not_found');
	const { members } = await command(server, 'room.members', { room: room.id, limit: 200 }, as(owner));
	assert.ok(!members.some(({ id }) => id === hook.id));
});

test('a hook stays when who made it leaves the room', async () => {
	const [maker, heir] = [await account('Maker'), await account('Heir')];
	const left = await command(server, 'room.create', { name: fresh('left') }, as(maker));
	const { hook, url } = await command(server, 'hook.create', { room: left.id, name: 'Stays' }, as(maker));
	await command(server, 'room.join', { room: left.id }, as(heir));
	await command(server, 'room.leave', { room: left.id }, as(maker));
	assertPlain(await say(url, { text: 'still here' }), 200, 'ok');
	assert.equal(await refusal('hook.rotate', { hook: hook.id }, maker), 'forbidden');
	await command(server, 'hook.delete', { hook: hook.id }, as(heir));
});

test('a post comes in any of the forms that tools send', async () => {
	const { url } = await makeHook();
	const boundary = '----a7f';
	const multipart = (text) => `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="payload"\r\n\r\n{}\r\n--${boundary}\r\n` +
		`Content-Disposition: form-data; name="payload"\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ text })}\r\n--${boundary}--\r\n`;
	const forms = {
		json: ['application/json', (text) => JSON.stringify({ text })],
		charset: ['application/json; charset=utf-8', (text) => JSON.stringify({ text })],
		none: [undefined, (text) => JSON.stringify({ text })],
		text: ['text/plain', (text) => ` \n${JSON.stringify({ text })}`],
		'curl -d': ['application/x-www-form-urlencoded', (text) => JSON.stringify({ text })],
		form: ['application/x-www-form-urlencoded', (text) => `a=b&payload=${encodeURIComponent(JSON.stringify({ text }))}&c=`],
		'form with +': ['application/x-www-form-urlencoded', (text) => `payload=${encodeURIComponent(JSON.stringify({ text })).replaceAll('%20', '+')}`],
		multipart: [`multipart/form-data; boundary=${boundary}`, multipart],
		'multipart, quoted': [`Multipart/Form-Data; charset=utf-8; boundary="${boundary}"`, multipart],
		suffix: ['application/json', (text) => JSON.stringify({ text }), '/slack'],
	};
	for (const [name, [type, encode, suffix = '']] of Object.entries(forms)) {
		const text = fresh(`In the form ${name}: 50% & “more”`);
		assertPlain(await request(server, 'POST', url + suffix, { body: encode(text), headers: type ? { 'Content-Type': type } : {} }), 200, 'ok');
		assert.equal((await withText(text)).length, 1, name);
	}
});

test('what is wrong is answered in Slack\'s words', async () => {
	const { url } = await makeHook();
	for (const body of ['', 'hello', '{"text":', '[]', '"text"', '{"text":"\\ud800"}', Buffer.from([0x7b, 0xff, 0x7d])]) {
		assertPlain(await request(server, 'POST', url, { body, headers: { 'Content-Type': 'application/json' } }), 400, 'invalid_payload');
	}
	assertPlain(await request(server, 'POST', url, { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }), 400, 'invalid_payload');
	for (const type of ['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=x']) {
		assertPlain(await request(server, 'POST', url, { body: '--x\r\n\r\n{"text":"a"}\r\n--x--', headers: { 'Content-Type': type } }), 400, 'invalid_payload');
	}
	for (const body of [{}, { text: '' }, { text: ' \n\t ' }, { text: null }]) {
		assertPlain(await say(url, body), 400, 'no_text');
	}
	for (const path of ['/hooks/x', `/hooks/${'x'.repeat(43)}`, `/hooks/${'x'.repeat(5000)}`, `${url}x`, `${url}/nothing`, `${url}/slack/more`]) {
		assertPlain(await say(path, { text: 'nowhere' }), 404, 'no_service');
	}
	for (const method of ['GET', 'HEAD']) {
		const answer = await request(server, method, url);
		assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST']);
	}
	assert.equal((await withText('nowhere')).length, 0);
});

test('a body past its own limit is refused, and one past that of frames is not', async (t) => {
	const small = await serverFor(t, { args: ['--limit-hook-bytes', '100000', '--limit-frame-bytes', '70000'] });
	const who = await command(small, 'account.create', { name: 'Big', password: PASSWORD });
	const place = await command(small, 'room.create', { name: 'big' }, as(who));
	const { url } = await command(small, 'hook.create', { room: place.id, name: 'Big' }, as(who));
	assertPlain(await say(url, { text: 'short', ignored: 'x'.repeat(90000) }, {}, small), 200, 'ok');
	assertPlain(await say(url, { text: 'long', ignored: 'x'.repeat(100000) }, {}, small), 413, 'invalid_payload');
	assert.deepEqual((await messages(small, place, who)).map(({ data }) => data.text), ['short']);
});

test('a large body is asked for only where there is a hook for it, which may go before the body is there', async (t) => {
	const { hook, url } = await makeHook();
	const body = JSON.stringify({ text: fresh('large'), ignored: 'x'.repeat(100000) });
	const ask = async (path) => {
		const raw = await RawSocket.connect(server);
		t.after(() => raw.destroy());
		raw.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
		return raw;
	};
	const nobody = await ask(`/hooks/${'x'.repeat(43)}`);
	const refused = await nobody.readResponse();
	assert.deepEqual([refused.status, refused.body], [404, 'no_service']);
	const [good, late] = [await ask(url), await ask(url)];
	for (const raw of [good, late]) {
		assert.equal((await raw.readHead()).status, 100);
	}
	const answerTo = async (raw) => {
		raw.write(body);
		const { status, body: word } = await raw.readResponse();
		return [status, word];
	};
	assert.deepEqual(await answerTo(good), [200, 'ok']);
	await command(server, 'hook.delete', { hook: hook.id }, as(owner));
	assert.deepEqual(await answerTo(late), [404, 'no_service']);
	const texts = (await messages()).map(({ data }) => data.text);
	assert.equal(texts.filter((text) => text === JSON.parse(body).text).length, 1);
});

test('the connection of a large body that was refused serves the next request', async (t) => {
	const { url } = await makeHook();
	const raw = await RawSocket.connect(server);
	t.after(() => raw.destroy());
	const post = (path, body) => raw.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
	const text = fresh('after');
	post(`/hooks/${'x'.repeat(43)}`, JSON.stringify({ text, ignored: 'x'.repeat(500000) }));
	post(url, JSON.stringify({ text, ignored: 'x'.repeat(500000) }));
	const answers = [await raw.readResponse(), await raw.readResponse()];
	assert.deepEqual(answers.map(({ status, body }) => [status, body]), [[404, 'no_service'], [200, 'ok']]);
	assert.equal((await withText(text)).length, 1);
});

test('large bodies count towards the rate of their hook before they are read', async (t) => {
	const strict = await serverFor(t, { args: ['--limit-hook-posts', '1'] });
	const who = await command(strict, 'account.create', { name: 'Large', password: PASSWORD });
	const place = await command(strict, 'room.create', { name: 'large' }, as(who));
	const { url } = await command(strict, 'hook.create', { room: place.id, name: 'Large' }, as(who));
	const ask = async () => {
		const raw = await RawSocket.connect(strict);
		t.after(() => raw.destroy());
		raw.write(`POST ${url} HTTP/1.1\r\nHost: 127.0.0.1:${strict.port}\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n`);
		return raw.readHead();
	};
	let head;
	let n = 0;
	for (; n < 200 && (head = await ask()).status === 100; n++);
	assert.equal(head.status, 429);
	assert.match(head.headers['retry-after'], /^[1-9]\d*$/);
	assert.ok(n >= 10, `a burst of ten seconds is 10; ${n} were let in`);
});

test('a text that is too long is cut with a mark, on a whole character', async (t) => {
	const small = await serverFor(t, { args: ['--limit-text-bytes', '100'] });
	const who = await command(small, 'account.create', { name: 'Long', password: PASSWORD });
	const place = await command(small, 'room.create', { name: 'long' }, as(who));
	const { url } = await command(small, 'hook.create', { room: place.id, name: 'Long' }, as(who));
	const texts = ['x'.repeat(100), 'x'.repeat(101), `${'x'.repeat(95)}€€€`, '🌍'.repeat(100)];
	for (const text of texts) {
		assertPlain(await say(url, { text }, {}, small), 200, 'ok');
	}
	assert.deepEqual((await messages(small, place, who)).map(({ data }) => data.text),
		[texts[0], `${'x'.repeat(96)}\n…`, `${'x'.repeat(95)}\n…`, `${'🌍'.repeat(24)}\n…`]);
});

test('what a sender repeats under an id posts once, and under another hook once more', async () => {
	const [{ url }, { url: other }] = [await makeHook(), await makeHook()];
	for (const header of ['X-GitHub-Delivery', 'webhook-id', 'X-Gitlab-Event-UUID', 'Idempotency-Key']) {
		const text = fresh(`once by ${header}`);
		const id = randomUUID();
		const answers = await Promise.all([1, 2, 3, 4].map(() => say(url, { text }, { [header]: id })));
		answers.push(await say(url, { text }, { [header]: id }));
		answers.forEach((answer) => assertPlain(answer, 200, 'ok'));
		assert.equal((await withText(text)).length, 1, header);
		await say(other, { text }, { [header]: id });
		await say(url, { text }, { [header]: randomUUID() });
		await say(url, { text });
		assert.equal((await withText(text)).length, 4, header);
	}
});

const hmac = (key, text, encoding) => createHmac('sha256', key).update(text).digest(encoding);
const now = () => Math.floor(Date.now() / 1000);

test('a hook with a secret takes what is signed with it', async () => {
	const secret = 'It\'s a Secret to Everybody';
	const { hook, url } = await makeHook({ secret });
	assert.equal(hook.signed, true);
	const body = JSON.stringify({ text: 'signed' });
	const right = `sha256=${hmac(secret, body, 'hex')}`;
	assertPlain(await say(url, body, { 'X-Hub-Signature-256': right }), 200, 'ok');
	assertPlain(await say(url, body, { 'X-Gitlab-Token': secret }), 200, 'ok');
	const wrong = [{}, { 'X-Hub-Signature-256': '' }, { 'X-Hub-Signature-256': right.replace(/.$/, (c) => (c === '0' ? '1' : '0')) },
		{ 'X-Hub-Signature-256': right.slice(0, -1) }, { 'X-Hub-Signature-256': `sha256=${hmac('another', body, 'hex')}` },
		{ 'X-Hub-Signature': right }, { 'X-Gitlab-Token': `${secret}!` }, { 'X-Gitlab-Token': '' },
		{ 'X-Hub-Signature-256': 'sha256=00', 'X-Gitlab-Token': secret }];
	for (const headers of wrong) {
		assertPlain(await say(url, body, headers), 403, 'action_prohibited');
	}
	assertPlain(await say(url, body.replace('signed', 'forged'), { 'X-Hub-Signature-256': right }), 403, 'action_prohibited');
	assert.equal((await withText('signed')).length, 2);
	assert.equal((await withText('forged')).length, 0);
});

test('Standard Webhooks are verified as their libraries do it', async () => {
	const key = Buffer.from('a key of at least twenty-four bytes');
	const { url } = await makeHook({ secret: `whsec_${key.toString('base64')}` });
	const body = JSON.stringify({ text: 'standard' });
	const sign = (id, timestamp, by = key) => `v1,${hmac(by, `${id}.${timestamp}.${body}`, 'base64')}`;
	const send = (id, timestamp, signature) => say(url, body, { 'webhook-id': id, 'webhook-timestamp': `${timestamp}`, 'webhook-signature': signature });
	assertPlain(await send('a', now(), sign('a', now())), 200, 'ok');
	assertPlain(await send('b', now(), `v1,AAAA v2,${sign('b', now()).slice(3)} ${sign('b', now())}`), 200, 'ok');
	for (const [id, timestamp, signature] of [['c', now(), sign('d', now())], ['c', now() - 400, sign('c', now() - 400)], ['c', now() + 400, sign('c', now() + 400)],
		['c', Date.now(), sign('c', Date.now())], ['c', `${now()}x`, sign('c', `${now()}x`)], ['c', now(), sign('c', now(), 'other')], ['c', now(), ''],
		['c', now(), sign('c', now()).slice(3)]]) {
		assertPlain(await send(id, timestamp, signature), 403, 'action_prohibited');
	}
	assert.equal((await withText('standard')).length, 2);
});

test('a secret that begins as those of Standard Webhooks is one of them', async () => {
	const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
	for (const bad of ['whsec_', 'whsec_!', 'whsec_c2hvcnQ=', secret.slice(0, -1)]) {
		const { json: { data } } = await post(server, 'hook.create', { room: room.id, name: 'Misspelt', secret: bad }, as(owner));
		assert.deepEqual([data.code, data.field], ['invalid_request', 'secret'], bad);
	}
	const { url } = await makeHook({ secret });
	const body = JSON.stringify({ text: 'by a forge' });
	assertPlain(await say(url, body, { 'X-Hub-Signature-256': `sha256=${hmac(secret, body, 'hex')}` }), 200, 'ok'); // to it the secret is a text
});

test('posts past the rate of a hook wait, and other hooks do not', async (t) => {
	const strict = await serverFor(t, { args: ['--limit-hook-posts', '1'] });
	const who = await command(strict, 'account.create', { name: 'Fast', password: PASSWORD });
	const place = await command(strict, 'room.create', { name: 'fast' }, as(who));
	const urls = [];
	for (const name of ['One', 'Two']) {
		urls.push((await command(strict, 'hook.create', { room: place.id, name }, as(who))).url);
	}
	let answer;
	let n = 0;
	for (; n < 200; n++) {
		answer = await say(urls[0], { text: `${n}` }, {}, strict);
		if (answer.status !== 200) {
			break;
		}
	}
	assertPlain(answer, 429, 'rate_limited');
	assert.ok(n >= 10, `a burst of ten seconds is 10; ${n} were taken`);
	assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
	assertPlain(await say(urls[1], { text: 'another' }, {}, strict), 200, 'ok');
});

test('a room has no more hooks than the limit', async (t) => {
	const strict = await serverFor(t, { args: ['--limit-room-hooks', '2'] });
	const who = await command(strict, 'account.create', { name: 'Many', password: PASSWORD });
	const place = await command(strict, 'room.create', { name: 'many' }, as(who));
	const make = () => post(strict, 'hook.create', { room: place.id, name: 'One of many' }, as(who));
	const answers = await Promise.all([make(), make(), make(), make()]);
	assert.deepEqual(answers.map(({ json: { type, data } }) => (type === 'ok' ? 'ok' : data.code)).sort(), ['limit_reached', 'limit_reached', 'ok', 'ok']);
	const { hooks } = await command(strict, 'hook.list', { room: place.id }, as(who));
	await command(strict, 'hook.delete', { hook: hooks[0].id }, as(who));
	assert.equal((await make()).status, 200);
});

test('the log names hooks by their id, and never has a token', async () => {
	const { hook, url } = await makeHook({ name: 'Loggable', secret: 'the secret of a hook' });
	const token = url.slice('/hooks/'.length);
	await say(url, { text: 'unsigned' });
	await get(server, url);
	await request(server, 'POST', url, { body: '{}', headers: { Host: 'foreign.example', Origin: 'https://foreign.example' } });
	const { url: next } = await command(server, 'hook.rotate', { hook: hook.id }, as(owner));
	await say(url, { text: 'void' });
	await command(server, 'hook.delete', { hook: hook.id }, as(owner));
	for (const words of ['hook.created', 'hook="Loggable"', `hook.rotated`, `hook.deleted`, `hook="${hook.id}"`, 'reason="action_prohibited" how="hook"', 'reason="no_service" how="hook"']) {
		await until(30000, `a line with ${words}`, () => server.stderr.includes(words));
	}
	for (const secret of [token, next.slice('/hooks/'.length), 'the secret of a hook']) {
		assert.ok(!server.stderr.includes(secret) && !server.stdout.includes(secret));
	}
});

test('the list tells of the day of the last use', async () => {
	const { hook, url } = await makeHook();
	const listed = async () => (await command(server, 'hook.list', { room: room.id }, as(owner))).hooks.find(({ id }) => id === hook.id);
	assert.equal((await listed()).used, undefined);
	const days = [new Date(), new Date(Date.now() + 60000)].map((date) => date.toISOString().slice(0, 10));
	await say(url, { text: 'used' });
	await until(30000, 'the day to be noted', async () => days.includes((await listed()).used));
});

test('a post that was answered survives a SIGKILL, and its repetition posts nothing more', async (t) => {
	const first = await startServer();
	const who = await command(first, 'account.create', { name: 'Killed', password: PASSWORD });
	const place = await command(first, 'room.create', { name: 'killed' }, as(who));
	const { url } = await command(first, 'hook.create', { room: place.id, name: 'Survivor' }, as(who));
	const ids = Array.from({ length: 20 }, (_, i) => `delivery-${i}`);
	const answered = [];
	const sending = Promise.allSettled(ids.map((id) => say(url, { text: id }, { 'X-GitHub-Delivery': id }, first).then((answer) => {
		assertPlain(answer, 200, 'ok');
		answered.push(id);
	})));
	await until(30000, 'the first answer', () => answered.length > 0);
	await first.kill();
	await sending;
	const known = [...answered];
	const second = await serverFor(t, { dataDir: first.dataDir });
	const texts = async () => (await messages(second, place, who)).map(({ data }) => data.text);
	const before_ = await texts();
	assert.deepEqual(known.filter((id) => !before_.includes(id)), []);
	for (const id of ids) {
		assertPlain(await say(url, { text: id }, { 'X-GitHub-Delivery': id }, second), 200, 'ok');
	}
	assert.deepEqual((await texts()).sort(), [...ids].sort());
});

test('@slack/webhook posts, and is told why it may not', async () => {
	const { IncomingWebhook } = require('@slack/webhook');
	const { url } = await makeHook();
	const text = fresh('from Slack\'s library');
	assert.deepEqual((await new IncomingWebhook(server.url + url, { username: 'Library' }).send({ text })).text, 'ok');
	assert.deepEqual((await withText(text)).map(({ data }) => data.as), [{ name: 'Library' }]);
	await assert.rejects(new IncomingWebhook(`${server.url}/hooks/unknown`).send(text), (error) => error.original.response.data === 'no_service');
});

test('what @octokit/webhooks-methods signs is right', async () => {
	const { sign } = await import('@octokit/webhooks-methods');
	const secret = 'mysecret';
	const { url } = await makeHook({ secret });
	const body = JSON.stringify({ text: fresh('signed by Octokit') });
	assertPlain(await say(url, body, { 'X-Hub-Signature-256': await sign(secret, body) }), 200, 'ok');
	assertPlain(await say(url, body, { 'X-Hub-Signature-256': await sign('other', body) }), 403, 'action_prohibited');
});

async function callSlack(method, body, headers) {
	const answer = await request(server, 'POST', `/api/${method}`, typeof body === 'string' ?
		{ body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } } : json(body, headers));
	assert.equal(answer.headers['content-type'], 'application/json');
	assert.equal(answer.status, 200);
	return JSON.parse(answer.text);
}

async function makeSlackBot() {
	const bot = await command(server, 'bot.create', { name: fresh('Slack bot') }, as(owner));
	await command(server, 'room.join', { room: room.id }, as(bot));
	return { ...bot, headers: { Authorization: `Bearer ${bot.token}` } };
}

test('chat.postMessage says what a bot says, by JSON or by a form', async () => {
	const bot = await makeSlackBot();
	const call = (body, headers = bot.headers) => callSlack('chat.postMessage', body, headers);
	const text = fresh('by the API');
	const said = await call({ channel: `#${room.name}`, text });
	const [event] = await withText(text);
	assert.equal(event.data.author.id, bot.user.id);
	const ts = `${Math.floor(Date.parse(event.timestamp) / 1000)}.${String(event.seq).padStart(6, '0')}`;
	assert.deepEqual(said, { ok: true, channel: room.id, ts, message: { type: 'message', ts } });
	const form = new URLSearchParams({ token: bot.token, channel: room.id, text: `${text}, answered`, thread_ts: ts });
	assert.equal((await call(form.toString(), {})).ok, true);
	assert.equal((await withText(`${text}, answered`))[0].data.reply_to, event.seq);
	const listed = (blocks) => call(new URLSearchParams({ token: bot.token, channel: room.id, blocks }).toString(), {});
	const inBlocks = fresh('in blocks');
	assert.equal((await listed(JSON.stringify([{ type: 'section', text: { type: 'mrkdwn', text: inBlocks } }]))).ok, true);
	assert.equal((await withText(inBlocks)).length, 1);
	for (const bad of ['', '[', '{}', `${'['.repeat(500)}${']'.repeat(500)}`]) {
		assert.deepEqual(await listed(bad), { ok: false, error: 'no_text' }, bad);
	}
	assert.deepEqual(await call({ channel: room.id, text, ignored: 'x'.repeat(66000) }), { ok: false, error: 'msg_too_long' });
	const elsewhere = await command(server, 'room.create', { name: fresh('elsewhere') }, as(owner));
	for (const [error, body, more] of [['channel_not_found', { text }], ['channel_not_found', { channel: 'nowhere at all', text }], ['no_text', { channel: room.id }],
		['not_in_channel', { channel: elsewhere.id, text }], ['not_authed', { channel: room.id, text }, {}],
		['invalid_auth', { channel: room.id, text }, { Authorization: 'Bearer wrong' }], ['invalid_json', []]]) {
		assert.deepEqual(await call(body, more), { ok: false, error });
	}
	assert.equal((await get(server, '/api/chat.postMessage')).status, 405);
});

test('chat.update gives a message another text, and chat.delete takes it away', async () => {
	const bot = await makeSlackBot();
	const call = (method, body, headers = bot.headers) => callSlack(method, body, headers);
	const { ts } = await call('chat.postMessage', { channel: room.id, text: fresh('building') });
	const seq = Number(ts.split('.')[1]);
	const changes = async () => (await command(server, 'history.read', { room: room.id, around: seq, limit: 1 }, as(owner))).changes;
	const text = fresh('built "green"');
	assert.deepEqual(await call('chat.update', { channel: room.id, ts, text: `*${text}*`, as_user: true }),
		{ ok: true, channel: room.id, ts, text: `**${text}**`, message: { type: 'message', text: `**${text}**` } });
	const [edited] = await changes();
	assert.deepEqual([edited.type, edited.data.text, edited.data.author.id], ['message.edited', `**${text}**`, bot.user.id]);
	const inBlocks = fresh('in blocks');
	const form = new URLSearchParams({ token: bot.token, channel: `#${room.name}`, ts, blocks: JSON.stringify([{ type: 'section', text: { type: 'mrkdwn', text: inBlocks } }]) });
	assert.equal((await call('chat.update', form.toString(), {})).text, inBlocks);
	const own = await command(server, 'message.send', { room: room.id, text: 'of the owner' }, as(owner));
	const foreign = `${Math.floor(Date.parse(own.timestamp) / 1000)}.${String(own.seq).padStart(6, '0')}`;
	const elsewhere = await command(server, 'room.create', { name: fresh('elsewhere') }, as(owner));
	const place = { channel: room.id, ts };
	for (const [error, method, body, headers] of [
		['cant_update_message', 'chat.update', { ...place, ts: foreign, text }], ['cant_delete_message', 'chat.delete', { ...place, ts: foreign }],
		['message_not_found', 'chat.update', { ...place, ts: '1700000000.999999', text }], ['message_not_found', 'chat.delete', { ...place, ts: 'x' }],
		['invalid_arguments', 'chat.update', { channel: room.id, text }], ['invalid_arguments', 'chat.delete', { channel: room.id }], ['no_text', 'chat.update', place],
		['channel_not_found', 'chat.delete', { ts }], ['channel_not_found', 'chat.update', { ts, text, channel: crypto.randomUUID() }],
		['not_in_channel', 'chat.update', { channel: elsewhere.id, ts, text }], ['not_in_channel', 'chat.delete', { channel: elsewhere.id, ts }],
		['not_authed', 'chat.delete', place, {}], ['invalid_auth', 'chat.update', { ...place, text }, { Authorization: 'Bearer wrong' }], ['invalid_json', 'chat.delete', []],
	]) {
		assert.deepEqual(await call(method, body, headers), { ok: false, error }, `${method} ${JSON.stringify(body)}`);
	}
	assert.deepEqual(await call('chat.delete', place), { ok: true, channel: room.id, ts });
	assert.deepEqual((await changes()).map(({ type }) => type), ['message.deleted']);
	for (const [method, more] of [['chat.delete', {}], ['chat.update', { text }]]) {
		assert.deepEqual(await call(method, { ...place, ...more }), { ok: false, error: 'message_not_found' });
	}
	assert.equal((await get(server, '/api/chat.update')).status, 405);
});
