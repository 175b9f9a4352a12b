// Hooks that ask a service: what people type or say is told to it by a signed form, and what it answers, at once or later, is told to the room or to the asker alone.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { clientFor, fresh } from './lib/client.mjs';
import { scaled } from './lib/env.mjs';
import { command, post, request } from './lib/http.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { clusterFor } from './lib/postgres.mjs';
import { redisFor } from './lib/redis.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { receiver } from './lib/webhook_agent.mjs';

const PASSWORD = 'correct horse battery';
const WAIT_MS = 30000;
const ALLOW = ['--webhook-allow', '127.0.0.0/8'];

let server;
before(async () => {
	server = await startServer({ args: ALLOW });
});
after(() => server.stop());

const account = (target, name = 'Person') => command(target, 'account.create', { name: fresh(name), password: PASSWORD });
const as = (who) => ({ token: who.token });

// A room with its owner and a member, both connected.
async function scene(t, target = server) {
	const [ann, bob] = [await account(target, 'Ann'), await account(target, 'Bob')];
	const room = await command(target, 'room.create', { name: fresh('deploys') }, as(ann));
	await command(target, 'room.join', { room: room.id }, as(bob));
	const [owner, member] = [await clientFor(t, target, as(ann)), await clientFor(t, target, as(bob))];
	return {
		room, ann, bob, owner, member,
		make: (asks, more = {}) => command(target, 'hook.create', { room: room.id, name: 'Deployer', asks, ...more }, as(ann)),
		refused: async (asks) => (await post(target, 'hook.create', { room: room.id, name: 'Deployer', asks }, as(ann))).json.data,
		run: (client, text) => client.request('command.run', { room: room.id, text }),
		say: (client, text) => client.request('message.send', { room: room.id, text }),
	};
}

const reply = (body, type = 'application/json') => (_request, response) => response.writeHead(200, { 'Content-Type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
const form = ({ body }) => Object.fromEntries(new URLSearchParams(body));
const got = (to, count) => until(WAIT_MS, `${count} questions, of which ${to.got.length} came`, () => to.got.length >= count);
const aside = (client, text) => client.waitEvent((event) => event.type === 'message.ephemeral' && event.data.text.includes(text));
const said = (client, text) => client.waitEvent((event) => event.type === 'message.created' && event.data.text === text);
const asides = (client) => client.events.filter(({ type }) => type === 'message.ephemeral');
const answer = (url, body, headers = { 'Content-Type': 'application/json' }) => request({ url: new URL(url).origin }, 'POST', new URL(url).pathname, { body: typeof body === 'string' ? body : JSON.stringify(body), headers });

test('a typed command is told to its service by a signed form, and the answer is the asker\'s alone', async (t) => {
	const { room, bob, owner, member, make, run } = await scene(t);
	const to = await receiver(t, reply({ text: 'Deploying *1.2* <https://example.com|here>' }));
	const { hook, secret } = await make({ url: to.url('/deploy?x=1'), command: '/deploy', hint: 'VERSION', headers: { 'X-Key': 'k1' } });
	assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
	assert.deepEqual(await run(member, '/DEPLOY  1.2 & "ä" = +\n'), {});
	await got(to, 1);
	const [one] = to.got;
	assert.doesNotThrow(() => new Webhook(secret).verify(one.body, one.headers, { jsonParse: false }));
	assert.throws(() => new Webhook(secret).verify(`${one.body}&x=1`, one.headers, { jsonParse: false }));
	assert.deepEqual([one.method, one.url, one.headers['content-type'], one.headers['x-key']], ['POST', '/deploy?x=1', 'application/x-www-form-urlencoded', 'k1']);
	const { response_url, timestamp, trigger_id, ...rest } = form(one);
	const { origin, host, pathname } = new URL(response_url); // of the instance that asks, where there are several
	assert.deepEqual(rest, {
		token: hook.id, team_id: 'parley', team_domain: host, channel_id: room.id, channel_name: room.name, user_id: bob.user.id, user_name: bob.user.name,
		command: '/deploy', text: '1.2 & "ä" = +',
	});
	assert.equal(one.headers['webhook-id'], trigger_id);
	assert.ok(Math.abs(timestamp - Date.now() / 1000) < 300);
	assert.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/);
	assert.match(pathname, /^\/hooks\/answer\/[A-Za-z0-9_-]{43}$/);
	const told = await aside(member, 'Deploying **1.2** here (https://example.com)');
	assert.deepEqual(told.data, { text: told.data.text, author: { id: hook.id, name: 'Deployer', kind: 'hook' }, command: 'deploy' });
	assert.equal(told.room, room.id);
	assert.deepEqual(asides(owner), []);
});

test('an answer for the room is a message of the hook; plain text and silence are answers too', async (t) => {
	const { owner, member, make, run } = await scene(t);
	const answers = [
		reply({ response_type: 'in_channel', username: 'Ship', text: 'on its way', attachments: [{ text: 'to *production*' }] }),
		reply(' plain & *simple* @all\n', 'text/plain'),
		reply(''),
		reply({ ok: true }),
		reply({ response_type: 'in_channel', text: 'last' }),
	];
	const to = await receiver(t, (...args) => answers[to.got.length - 1](...args));
	const { hook } = await make({ url: to.url(), command: 'deploy' });
	await run(member, '/deploy');
	const { data } = await said(owner, 'on its way\nto **production**');
	assert.deepEqual([data.author, data.as], [{ id: hook.id, name: 'Deployer', kind: 'hook' }, { name: 'Ship' }]);
	await run(member, '/deploy');
	assert.equal((await aside(member, 'plain')).data.text, 'plain & **simple** @\u200aall');
	await run(member, '/deploy');
	await run(member, '/deploy');
	await got(to, 4);
	await run(member, '/deploy');
	await said(owner, 'last');
	assert.equal(asides(member).length, 1);
});

test('a message that begins with a word is told to the service once it is durable, and its sender does not wait', async (t) => {
	const { bob, owner, member, make, say } = await scene(t);
	const held = [];
	const to = await receiver(t, (_request, response) => held.push(response));
	await make({ url: to.url(), words: ['build', 'Öffne'] });
	for (const text of ['rebuild it', 'a build', 'builder', '/build', 'build: it now', '  ÖFFNE\tdie Tür', 'Build, please', 'build']) {
		await say(member, text);
	}
	await got(to, 4);
	assert.deepEqual(to.got.map(form).map(({ text, trigger_word }) => [trigger_word, text]).sort(), [['build', 'Build, please'], ['build', 'build'], ['build', 'build: it now'], ['Öffne', '  ÖFFNE\tdie Tür']].sort());
	const { post_id, user_name, command: none } = form(to.got[0]);
	assert.deepEqual([user_name, none], [bob.user.name, undefined]);
	assert.ok(member.events.some(({ id, data }) => id === post_id && /build|ÖFFNE/i.test(data.text)));
	held[0].end('{"text":"built"}');
	held[1].end('{"text":"for you","response_type":"ephemeral"}');
	held.slice(2).forEach((response) => response.end());
	await said(owner, 'built');
	await aside(member, 'for you');
	assert.equal(to.got.length, 4);
});

test('a repeated message asks once', async (t) => {
	const { room, member, owner, make } = await scene(t);
	const to = await receiver(t, reply({ text: 'heard' }));
	await make({ url: to.url(), words: ['build'] });
	const client_id = crypto.randomUUID();
	for (let i = 0; i < 3; i++) {
		await member.request('message.send', { room: room.id, text: 'build', client_id });
	}
	await member.request('message.send', { room: room.id, text: 'build last' });
	await got(to, 2);
	await until(WAIT_MS, 'both answers', () => owner.events.filter(({ data }) => data?.text === 'heard').length === 2);
	assert.deepEqual(to.got.map(form).map(({ text }) => text).sort(), ['build', 'build last']);
});

test('who failed to answer is named to the asker alone', async (t) => {
	const { owner, member, make, run } = await scene(t);
	const answers = { '/500': (_request, response) => response.writeHead(500).end('{"text":"never shown"}'), '/hang': () => {}, '/bytes': (_request, response) => response.end(Buffer.from([0xff, 0xfe])),
		'/json': reply('{"text":'), '/endless': (_request, response) => response.end(`{"text":"${'x'.repeat(100000)}"}`), '/reset': (_request, response) => response.socket.resetAndDestroy() };
	const to = await receiver(t, (question, response) => answers[question.url](question, response));
	const faults = { '/500': 'status 500', '/hang': 'did not answer within 3 seconds', '/bytes': 'no text', '/json': 'no text', '/endless': 'too much', '/reset': 'closed the connection' };
	const closed = await receiver(t);
	await new Promise((resolve) => closed.server.close(resolve));
	const urls = { ...Object.fromEntries(Object.keys(faults).map((path) => [to.url(path), faults[path]])), [closed.url()]: 'cannot be reached', 'http://no-such-host.invalid/': 'no address' };
	for (const [i, url] of Object.keys(urls).entries()) {
		await make({ url, command: `c${i}` }, { name: `Service ${i}` });
		await run(member, `/c${i}`);
	}
	for (const [i, fault] of Object.values(urls).entries()) {
		assert.ok((await member.waitEvent((event) => event.data.command === `c${i}`)).data.text.match(new RegExp(`^Service ${i} .*${fault}`)), `${i}: ${JSON.stringify(asides(member).map(({ data }) => data))}`);
	}
	assert.deepEqual(asides(owner), []);
	assert.ok(!owner.events.some(({ data }) => data?.text === 'never shown'));
	const metrics = await metricsOf(server);
	assert.ok(metrics.get('parley_asks_failed_total') >= Object.keys(urls).length);
});

test('an address that is not allowed is not reached, whatever its name is', async (t) => {
	const strict = await serverFor(t, {});
	const { member, make, refused, run } = await scene(t, strict);
	const to = await receiver(t);
	assert.match((await refused({ url: to.url(), command: 'deploy' })).message, /may not reach/);
	await make({ url: to.url('/', 'localhost'), command: 'deploy' });
	await run(member, '/deploy');
	await aside(member, 'may not reach its address');
	assert.equal(to.got.length, 0);
});

test('later answers go to response_url, five of them, and replace nothing', async (t) => {
	const { owner, member, make, run } = await scene(t);
	const to = await receiver(t, reply(''));
	const { hook } = await make({ url: to.url(), command: 'deploy' });
	await run(member, '/deploy');
	await got(to, 1);
	const { response_url: url } = form(to.got[0]);
	assert.equal((await request(server, 'GET', new URL(url).pathname)).status, 405);
	const good = await answer(url, { text: 'still at it', replace_original: true });
	assert.deepEqual([good.status, good.text], [200, 'ok']);
	await aside(member, 'still at it');
	assert.equal((await answer(url, { delete_original: true })).text, 'ok');
	assert.equal((await answer(url, `payload=${encodeURIComponent('{"text":"done","response_type":"in_channel"}')}`, { 'Content-Type': 'application/x-www-form-urlencoded' })).text, 'ok');
	assert.equal((await said(owner, 'done')).data.author.id, hook.id);
	const bad = await answer(url, '{"text":');
	assert.deepEqual([bad.status, bad.text], [400, 'invalid_payload']);
	assert.equal((await answer(url, { text: 'the fifth' })).text, 'ok');
	const more = await answer(url, { text: 'the sixth' });
	assert.deepEqual([more.status, more.text], [404, 'used_url']);
	assert.deepEqual((await answer(`${url.slice(0, -43)}${'A'.repeat(43)}`, { text: 'a guess' })).text, 'expired_url');
	assert.deepEqual(asides(owner), []);
	assert.ok(!server.stderr.includes(url.slice(-43)), 'the log has no token');
	await run(member, '/deploy');
	await got(to, 2);
	await command(server, 'hook.delete', { hook: hook.id }, as({ token: owner.token }));
	assert.equal((await answer(form(to.got[1]).response_url, { text: 'late' })).text, 'expired_url');
});

test('what a hook posts asks nobody, unless a hook wants to hear hooks, and a loop ends', async (t) => {
	const { room, owner, member, make, say } = await scene(t);
	const deaf = await receiver(t, reply({ text: 'nothing more' }));
	const posts = await receiver(t, reply({ text: 'pong and back' }));
	const echo = await receiver(t, reply({ text: 'ping and back' }));
	await make({ url: deaf.url(), words: ['ping', 'pong'] }, { name: 'Deaf' });
	await make({ url: posts.url(), words: ['ping'], hooks: true }, { name: 'Ping' });
	await make({ url: echo.url(), words: ['pong'], hooks: true }, { name: 'Pong' });
	const { url } = await command(server, 'hook.create', { room: room.id, name: 'Plain' }, as({ token: owner.token }));
	assert.equal((await request(server, 'POST', url, { body: '{"text":"ping of a hook"}', headers: { 'Content-Type': 'application/json' } })).text, 'ok');
	// Hops: ping of a hook (1) → pong (2) → ping (3) → pong (4), which asks nobody. Of a person: 0 to 4, four questions.
	await until(WAIT_MS, 'the loop to end', () => owner.events.filter(({ data }) => data?.text === 'pong and back').length === 2);
	await say(member, 'ping of a person');
	await until(WAIT_MS, 'the answers to a person', () => deaf.got.length === 1 && posts.got.length >= 4);
	assert.ok(deaf.got.map(form).every(({ user_name }) => user_name === member.user.name));
	await until(WAIT_MS, 'the second loop to end', () => posts.got.length + echo.got.length === 3 + 4);
	await say(member, 'pong last');
	await until(WAIT_MS, 'what was asked last', () => deaf.got.length === 2);
	await until(WAIT_MS, 'the third loop to end', () => posts.got.length + echo.got.length === 3 + 4 + 4);
});

test('commands of hooks are listed for members, helped with and guessed, one of a name a room, and none of the server\'s', async (t) => {
	const { room, ann, bob, member, make, refused, run } = await scene(t);
	const to = await receiver(t);
	const { hook } = await make({ url: to.url(), command: 'deploy', hint: 'VERSION', description: 'Deploys a version', words: ['ship', 'ahoi'], headers: { Authorization: 'Bearer secret' } });
	await make({ url: to.url(), command: 'abort' }, { name: 'Aborter' });
	const { commands } = await command(server, 'command.list', { room: room.id }, as(bob));
	assert.deepEqual(commands.filter(({ hook: of }) => of), [
		{ name: 'deploy', usage: '/deploy VERSION', description: 'Deploys a version', hook: hook.id },
		{ name: 'abort', usage: '/abort', description: 'Asks Aborter', hook: commands.at(-1).hook },
	]);
	assert.deepEqual((await command(server, 'command.list', {}, as(bob))).commands, commands.slice(0, -2));
	const stranger = await account(server);
	assert.equal((await post(server, 'command.list', { room: room.id }, as(stranger))).json.data.code, 'forbidden');
	await run(member, '/help');
	assert.match((await aside(member, '/deploy VERSION')).data.text, /`\/topic \[TEXT\]` – .*\n`\/deploy VERSION` – Deploys a version\n`\/abort` – Asks Aborter$/s);
	assert.match((await member.refused('command.run', { room: room.id, text: '/deplyo' }, 'not_found')).wireMessage, /did you mean \/deploy\?/);
	assert.equal((await refused({ url: to.url(), command: 'deploy' })).code, 'name_taken');
	assert.match((await refused({ url: to.url(), command: 'topic' })).message, /this server has one of this name/);
	const { hooks } = await command(server, 'hook.list', { room: room.id }, as(ann));
	assert.deepEqual(hooks[0], hook);
	assert.deepEqual(hook.asks, { url: to.url(), command: 'deploy', words: ['ship', 'ahoi'], hint: 'VERSION', description: 'Deploys a version', hooks: false });
	await command(server, 'hook.delete', { hook: hook.id }, as(ann));
	await member.refused('command.run', { room: room.id, text: '/deploy' }, 'not_found');
	await make({ url: to.url(), command: 'deploy' });
	const other = await command(server, 'room.create', { name: fresh('elsewhere') }, as(ann));
	assert.equal((await command(server, 'command.list', { room: other.id }, as(ann))).commands.length, commands.length - 2);
	await command(server, 'hook.create', { room: other.id, name: 'Deployer', asks: { url: to.url(), command: 'deploy' } }, as(ann));
});

test('what a hook cannot ask is refused', async (t) => {
	const { refused, make } = await scene(t);
	const url = 'https://example.org/';
	const bad = [[], 'x', {}, { url }, { command: 'x' }, { url, command: '' }, { url, command: 'Ä' }, { url, command: '9a' }, { url, command: 'a'.repeat(33) }, { url, words: [] }, { url, words: 'build' },
		{ url, words: ['two words'] }, { url, words: [''] }, { url, words: [1] }, { url, words: Array(11).fill('a') }, { url, words: ['a'.repeat(65)] }, { url, words: ['a'], hooks: 1 },
		{ url: 'http://10.0.0.1/', command: 'a' }, { url: 'http://0x7f.1.1.1:99999/', command: 'a' }, { url: 'ftp://example.org/', command: 'a' }, { url: 'https://a:b@example.org/', command: 'a' }, 
		{ url, command: 'a', headers: { Host: 'x' } }, { url, command: 'a', headers: { 'X-A': 'a\nb' } }, { url, command: 'a', headers: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`x-${i}`, 'a'])) },
		{ url, command: 'a', ca: 'nothing' }, { url, command: 'a', hint: 'a\nb' }, { url, command: 'a', hint: 'h'.repeat(101) }, { url, command: 'a', description: 5 }, { url, command: 'a', more: true }];
	for (const asks of bad) {
		const { code, field } = await refused(asks);
		assert.deepEqual([code, field], ['invalid_request', 'asks'], JSON.stringify(asks));
	}
	assert.equal((await refused({ url, command: 'a', ca: `-----BEGIN CERTIFICATE-----${'a'.repeat(20000)}` })).code, 'too_large');
	await make({ url, command: 'a', words: Array.from({ length: 10 }, (_, i) => `${i}${'ä'.repeat(31)}`) });
});

test('questions are limited for each room and person, and to each service', async (t) => {
	const limited = await serverFor(t, { args: [...ALLOW, '--limit-asks', '1'] });
	const { room, member, owner, make, run, say } = await scene(t, limited);
	const to = await receiver(t, reply(''));
	await make({ url: to.url(), command: 'deploy', words: ['build'] });
	for (let i = 0; i < 10; i++) {
		await run(member, '/deploy');
	}
	const refusal = await member.refused('command.run', { room: room.id, text: '/deploy' }, 'rate_limited');
	assert.ok(refusal.retryAfterMs > 0);
	await owner.refused('command.run', { room: room.id, text: '/deploy' }, 'rate_limited');
	await say(member, 'build');
	await aside(member, 'too much is being asked');
	const { make: makeHere, run: runHere, member: other } = await scene(t);
	const hangs = await receiver(t, () => {});
	await makeHere({ url: hangs.url(), command: 'hang' });
	const results = await Promise.allSettled(Array.from({ length: 20 }, () => runHere(other, '/hang')));
	const refused = results.filter(({ reason }) => reason?.code === 'unavailable');
	assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 16);
	assert.equal(refused.length, 4);
	await until(scaled(WAIT_MS), 'the time to be over', () => asides(other).length === 16);
	await runHere(other, '/hang');
});

test('questions under way hold up nobody\'s end', async (t) => {
	const ending = await startServer({ args: ALLOW });
	const { member, make, run } = await scene(t, ending);
	const to = await receiver(t, () => {});
	await make({ url: to.url(), command: 'hang' });
	await run(member, '/hang');
	await got(to, 1);
	await ending.stop();
});

test('more questions than are posted at once hold up nobody\'s end either', async (t) => {
	const nHooks = 9;
	const ofEach = 16;
	const ending = await startServer({ args: [...ALLOW, '--limit-asks', '0'] });
	const { member, make, run } = await scene(t, ending);
	const to = await receiver(t, () => {});
	for (let i = 0; i < nHooks; i++) {
		await make({ url: to.url(), command: `hang-${i}` });
	}
	await Promise.all(Array.from({ length: nHooks * ofEach }, (_, i) => run(member, `/hang-${i % nHooks}`)));
	await ending.stop();
	assert.ok(to.got.length < nHooks * ofEach);
});

test('with two instances, later answers go to either, and both know a new hook', async (t) => {
	const [cluster, redis] = await Promise.all([clusterFor(t, { durable: false }), redisFor(t)]);
	const database = await cluster.makeDatabase();
	const origin = 'https://chat.example.org';
	const args = [...ALLOW, '--database', cluster.socketUrl(database), '--database-allow-asynchronous-commit', 'on', '--redis', redis.url(), '--origin', origin];
	const [one, two] = await Promise.all([startServer({ args }), startServer({ args })]);
	t.after(() => Promise.all([one.stop(), two.stop()]));
	const { room, bob, owner, member, make, run, say } = await scene(t, one);
	const elsewhere = await clientFor(t, two, as(bob));
	const answers = { '/deploy': '', build: 'built' };
	const to = await receiver(t, (question, response) => response.end(answers[question.url] ?? 'heard'));
	await make({ url: to.url('/deploy'), command: 'deploy' });
	await run(member, '/deploy 1');
	await got(to, 1);
	const { response_url } = form(to.got[0]);
	const path = response_url.slice(origin.length);
	assert.ok(response_url.startsWith(`${origin}/hooks/answer/`));
	const later = (target, text, more = {}) => request(target, 'POST', path, { body: JSON.stringify({ text, ...more }), headers: { 'Content-Type': 'application/json' } });
	assert.equal((await later(two, 'for you')).text, 'ok');
	await Promise.all([aside(member, 'for you'), aside(elsewhere, 'for you')]);
	assert.equal((await later(two, 'for all', { response_type: 'in_channel' })).text, 'ok');
	await Promise.all([said(owner, 'for all'), said(elsewhere, 'for all')]);
	// Five in all, at once, wherever they go.
	const rest = await Promise.all([one, two, one, two, one, two].map((target, i) => later(target, `racing ${i}`)));
	assert.equal(rest.filter(({ text }) => text === 'ok').length, 3);
	assert.equal(rest.filter(({ text }) => text === 'used_url').length, 3);
	// A word at the instance that has not made the hook: what was known of the room's hooks there is read again.
	await elsewhere.request('message.send', { room: room.id, text: 'nothing yet' });
	await make({ url: to.url('/words'), words: ['build'] });
	await say(member, 'build here');
	await until(WAIT_MS, 'the other instance to know the word', async () => {
		await elsewhere.request('message.send', { room: room.id, text: 'build there' });
		return to.got.map(form).some(({ text }) => text === 'build there');
	}, 200);
	assert.ok(to.got.map(form).some(({ text }) => text === 'build here'));
	assert.equal((await later(two, 'used up')).text, 'used_url');
	await elsewhere.request('command.run', { room: room.id, text: '/deploy 2' });
	await until(WAIT_MS, 'the command at the other instance', () => to.got.map(form).some(({ text }) => text === '2'));
});
