// `parley webhook` against the real server and a real endpoint. `webhook listen` has a file of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { makeCertificate } from './lib/certificate.mjs';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { run, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const dir = temporaryDir();
let server, person;
before(async () => {
	server = await startServer({ args: ['--webhook-allow', '127.0.0.0/8', '--webhook-retry-ms', '2', '--webhook-attempts', '2'] });
	person = await command(server, 'account.create', { name: fresh('Person'), password: 'correct horse' });
});
after(() => server.stop());

const parley = (words) => run(clientBinary, ['--server', server.url, 'webhook', ...words], { env: { PARLEY_TOKEN: person.token } });
const done = async (...words) => {
	const ended = await parley(words);
	assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
	return ended.stdout;
};
const webhooks = async () => (await command(server, 'webhook.list', {}, { token: person.token })).webhooks;

// An endpoint, and a webhook to it that was made by the command line.
async function place(t, { words = [], tls } = {}) {
	const got = [];
	const p = { got, status: 200, name: fresh('hook') };
	const take = async (request, response) => {
		const chunks = [];
		for await (const chunk of request)
			chunks.push(chunk);
		const body = Buffer.concat(chunks).toString();
		got.push({ headers: request.headers, body, event: JSON.parse(body) });
		response.writeHead(p.status).end(`it is ${p.status}\nmore`);
	};
	const listening = (tls ? createTlsServer(tls, take) : createServer(take)).listen(0, '127.0.0.1');
	await once(listening, 'listening');
	t.after(() => {
		listening.closeAllConnections();
		listening.close();
	});
	p.url = `${tls ? 'https' : 'http'}://127.0.0.1:${listening.address().port}/in`;
	p.speaker = await clientFor(t, server, { guest: fresh('Speaker') });
	p.room = await p.speaker.request('room.create', { name: fresh('room') });
	p.say = (text) => p.speaker.request('message.send', { room: p.room.id, text });
	p.made = await parley(['create', p.name, p.url, '--types', 'message.created', '--room', p.room.name, ...words]);
	assert.equal(p.made.code, 0, p.made.stderr);
	p.shown = async () => (await webhooks()).find(({ name }) => name === p.name);
	p.comes = (text) => until(30000, `"${text}" to come`, () => got.find(({ event }) => event.data.text === text));
	t.after(() => command(server, 'webhook.delete', { webhook: p.name }, { token: person.token }).catch(() => {}));
	return p;
}

test('create prints the secret alone on standard output, and the posts are signed with it; so do they with the next one', async (t) => {
	const p = await place(t);
	const { id } = await p.shown();
	assert.match(p.made.stdout, /^whsec_\S{44}\n$/);
	assert.equal(p.made.stderr, `parley: the secret of ${p.name} (${id}) is on standard output, this once\n`);
	await p.say('one');
	const one = await p.comes('one');
	new Webhook(p.made.stdout.trim()).verify(one.body, one.headers);
	const next = await done('rotate-secret', p.name);
	await p.say('two');
	const two = await p.comes('two');
	for (const secret of [p.made.stdout, next])
		new Webhook(secret.trim()).verify(two.body, two.headers);
	assert.throws(() => new Webhook(next.trim()).verify(one.body, one.headers));
});

test('list tells state, lag, URL and name; update changes what it is told; delete deletes', async (t) => {
	const p = await place(t, { words: ['--order', 'per_room', '--authors', 'guest'] });
	const { id } = await p.shown();
	const mine = async (...words) => (await done('list', ...words)).split('\n').find((line) => line.includes(id));
	assert.equal(await mine(), `${id} active 0 0 0 ${p.url} ${p.name}`);
	assert.deepEqual(JSON.parse(await mine('--json')), await p.shown());
	const { filter, order } = await p.shown();
	assert.deepEqual([filter, order], [{ types: ['message.created'], authors: ['guest'], rooms: [p.room.id] }, 'per_room']);
	const headers = join(dir, 'headers');
	writeFileSync(headers, 'Authorization: Bearer 6f1d\n');
	await done('update', p.name, '--headers', headers, '--order', 'any', '--status', 'disabled', '--url', `${p.url}/2`);
	assert.equal(await mine(), `${id} disabled 0 0 0 ${p.url}/2 ${p.name}`);
	assert.deepEqual(await p.shown().then((w) => [w.headers, w.order, w.filter]), [['Authorization'], 'any', filter]);
	await done('update', p.name, '--all-events', '--headers', '', '--status', 'active', '--name', `${p.name} two`);
	const changed = (await webhooks()).find((w) => w.id === id);
	assert.deepEqual([changed.headers, changed.filter, changed.status, changed.name], [[], {}, 'active', `${p.name} two`]);
	assert.equal(await done('delete', id), '');
	assert.equal((await webhooks()).some((w) => w.id === id), false);
});

test('test tells what came of a ping, and deliveries what came of events', async (t) => {
	const p = await place(t);
	assert.match(await done('test', p.name), /^200 \d+ ms\n$/);
	p.status = 503;
	const bad = await parley(['test', p.name]);
	assert.deepEqual([bad.code, bad.stderr], [1, '']);
	assert.match(bad.stdout, /^503 \d+ ms: it is 503\n$/);
	const { seq, id } = await p.say('refused');
	const lines = await until(30000, 'both attempts', async () => {
		const all = (await done('deliveries', p.name)).split('\n').filter((line) => line.includes(id));
		return all.length === 2 && all;
	});
	const line = (more) => new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z 503 \\d+ ms message\\.created ${p.room.id} ${seq} ${id}${more}: it is 503$`);
	assert.match(lines[0], line(' try 2'));
	assert.match(lines[1], line(''));
	await until(30000, 'the newest one as JSON; another instance tells what was stored', async () => {
		const [newest] = (await done('deliveries', p.name, '--json')).split('\n').map((each) => each && JSON.parse(each));
		return newest.event === id && newest.tries === 2 && newest.status === 503;
	});
});

test('replay delivers again what was set aside, an event, a range, and all since a time', async (t) => {
	const p = await place(t);
	p.status = 500;
	const first = await p.say('first');
	await until(30000, 'it to be set aside', async () => (await p.shown()).set_aside === 1);
	p.status = 200;
	p.got.length = 0;
	assert.equal(await done('replay', p.name, '--set-aside'), '1\n');
	await p.comes('first');
	const second = await p.say('second');
	await p.comes('second');
	for (const [words, said, wanted] of [[['--event', second.id], '1\n', ['second']], [['--room', p.room.name, '--from-seq', String(first.seq), '--to-seq', String(second.seq)], '2\n', ['first', 'second']],
		[['--since', '1h'], 'moved\n', ['first', 'second']]]) {
		p.got.length = 0;
		const { stdout } = await until(30000, 'an instance that is not at work on the webhook to know the event', async () => {
			const ended = await parley(['replay', p.name, ...words]);
			return (ended.code === 0 || !ended.stderr.includes('knows no such event')) && ended;
		});
		assert.equal(stdout, said, words.join(' '));
		for (const text of wanted)
			await p.comes(text);
	}
});

test('an endpoint with a certificate of its own', async (t) => {
	const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
	makeCertificate('endpoint', cert, key, { alternatives: 'IP:127.0.0.1' });
	const p = await place(t, { words: ['--endpoint-ca', cert], tls: { cert: readFileSync(cert), key: readFileSync(key) } });
	assert.match(await done('test', p.name), /^200 /);
	await done('update', p.name, '--endpoint-ca', '');
	assert.match((await parley(['test', p.name])).stdout, /^certificate_refused \d+ ms\n$/);
});

test('what is refused, and wrong usage of webhook, has one sentence', async () => {
	for (const [words, code, message] of [
		[['create', 'x'], 2, /^usage: parley webhook create NAME URL\n$/],
		[['create', 'x', 'http://10.0.0.1/'], 1, /^parley: webhook\.create: x: .*url/],
		[['create', 'x', 'http://127.0.0.1:1/', '--headers', '/nonexistent'], 1, /cannot read \/nonexistent/],
		[['create', 'x', 'http://127.0.0.1:1/', '--since', 'then'], 2, /--since: neither/],
		[['create', 'x', 'http://127.0.0.1:1/', '--status', 'active'], 2, /--status means nothing to webhook create/],
		[['update', 'x', '--all-events', '--types', 'message.*'], 2, /--all-events: give it, or the options of a filter/],
		[['replay', 'x', '--to-seq', '3'], 2, /a range has one --room, --from-seq, and --to-seq where it has an end/],
		[['replay', 'x'], 1, /give one of event, from_seq, since_ms, set_aside/],
		[['test', 'nosuch'], 1, /^parley: webhook\.test: nosuch: .*\(not_found\)/],
		[['rotate-secret'], 2, /^usage: parley webhook rotate-secret WEBHOOK\n$/],
	]) {
		const ended = await parley(words);
		assert.equal(ended.code, code, `${words.join(' ')}: ${ended.stderr}`);
		assert.match(ended.stderr, message);
		assert.deepEqual([ended.stdout, ended.stderr.trim().split('\n').length], ['', 1], ended.stderr);
	}
});
