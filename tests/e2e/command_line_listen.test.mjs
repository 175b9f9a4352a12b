// `parley webhook listen` between a real server and endpoints on this machine.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
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
import { keepRunning, run, startServer, temporaryDir } from './lib/server.mjs';
import { until, within } from './lib/wait.mjs';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const dir = temporaryDir();
const secretFile = join(dir, 'secret');

let server, person;
before(async () => {
	writeFileSync(secretFile, `${SECRET}\n`);
	server = await startServer({ args: ['--limit-account-consumers', '50'] });
	person = await command(server, 'account.create', { name: fresh('Person'), password: 'correct horse' });
});
after(() => server.stop());

const consumers = async () => (await command(server, 'consumer.list', {}, { token: person.token })).consumers;

// An endpoint that keeps what it got, and answers what `answer` says: a status, or anything else by itself.
async function endpoint(t, answer = () => 204, tls) {
	const got = [];
	const take = async (request, response) => {
		const chunks = [];
		for await (const chunk of request)
			chunks.push(chunk);
		const one = { headers: request.headers, body: Buffer.concat(chunks).toString(), method: request.method, url: request.url };
		got.push(one);
		const status = answer(got.length, response, one);
		if (status)
			response.writeHead(status).end(status < 300 ? undefined : `status ${status} \u001b[31m\nsecond line`);
	};
	const listening = tls ? createTlsServer(tls, take) : createServer(take);
	listening.listen(0, '127.0.0.1');
	await once(listening, 'listening');
	t.after(() => {
		listening.closeAllConnections();
		listening.close();
	});
	return { got, url: `${tls ? 'https' : 'http'}://127.0.0.1:${listening.address().port}/in/box` };
}

async function place(t) {
	const speaker = await clientFor(t, server, { guest: fresh('Speaker') });
	const room = await speaker.request('room.create', { name: fresh('room') });
	const say = (text) => speaker.request('message.send', { room: room.id, text });
	return { speaker, room, say };
}

// It says where it posts to once its consumer is there.
async function listen(t, words, on = server, token = person.token) {
	const listening = keepRunning(t, clientBinary, ['--server', on.url, 'webhook', 'listen', ...words], { PARLEY_TOKEN: token });
	const closed = once(listening.child, 'close');
	listening.end = async (signal = 'SIGINT') => {
		listening.child.kill(signal);
		return (await within(30000, 'it to end', closed))[0];
	};
	await listening.says('are posted to');
	return listening;
}

test('events are posted byte for byte, signed with the secret that it shows, and its consumer goes with it', async (t) => {
	const [p, box] = [await place(t), await endpoint(t)];
	const listening = await listen(t, [box.url, '--room', p.room.name, '--types', 'message.created']);
	assert.equal((await consumers()).length, 1);
	await p.say('héllo "wörld" / \u2028 \\ \u0007');
	await p.say('two');
	await until(30000, 'both', () => box.got.length === 2 && listening.lines().length === 2);
	const secret = /^parley: the posts are signed with (whsec_\S+)$/m.exec(listening.err)[1];
	const events = p.speaker.events.filter(({ type }) => type === 'message.created');
	assert.deepEqual(box.got.map(({ body }) => body), events.map(({ raw }) => raw));
	for (const [i, { headers, body, method, url }] of box.got.entries()) {
		new Webhook(secret).verify(body, headers);
		assert.throws(() => new Webhook(SECRET).verify(body, headers));
		assert.deepEqual([method, url, headers['content-type'], headers['webhook-id']], ['POST', '/in/box', 'application/json', events[i].id]);
		assert.match(listening.lines()[i], new RegExp(`^204 \\d+ ms message\\.created ${p.room.id} ${events[i].seq} ${events[i].id}$`));
	}
	await until(30000, 'both to be acknowledged', async () => (await consumers())[0].waiting === 0);
	assert.equal(await listening.end(), 0, listening.err);
	assert.deepEqual(await consumers(), []);
});

test('what the endpoint does not take is posted again, with the same id, and told with what it answered', async (t) => {
	const box = await endpoint(t, (n) => [500, 302, 201][n - 1] ?? 200);
	const p = await place(t);
	const listening = await listen(t, [box.url, '--room', p.room.id, '--types', 'message.created', '--retry', '1', '--secret-file', secretFile]);
	assert.doesNotMatch(listening.err, /whsec_/);
	await p.say('again');
	await until(30000, 'three posts', () => listening.lines().length === 3);
	assert.deepEqual(new Set(box.got.map(({ headers }) => headers['webhook-id'])).size, 1);
	for (const { body, headers } of box.got)
		new Webhook(SECRET).verify(body, headers);
	const [first, second, third] = listening.lines();
	assert.match(first, /^500 .*[^2]: status 500 \\u001b\[31m$/);
	assert.match(second, /^302 .* try 2: status 302/);
	assert.match(third, /^201 .* try 3$/);
	await until(30000, 'it to be acknowledged', async () => (await consumers())[0].waiting === 0);
	assert.equal(await listening.end('SIGTERM'), 0, listening.err);
	assert.deepEqual(await consumers(), []);
});

test('an endpoint that is not there is told, and gets the event once it is', async (t) => {
	const p = await place(t);
	let hangs = true;
	const late = createServer((request, response) => hangs || response.end());
	const closed = createServer().listen(0, '127.0.0.1');
	await once(closed, 'listening');
	const { port } = closed.address();
	closed.close();
	await once(closed, 'close');
	const listening = await listen(t, [`http://127.0.0.1:${port}/`, '--room', p.room.name, '--types', 'message.created', '--retry', '1']);
	await p.say('early');
	await listening.says(`failed 0 ms message.created ${p.room.id}`);
	assert.match(listening.lines()[0], /: .*connect/i);
	late.listen(port, '127.0.0.1');
	t.after(() => {
		late.closeAllConnections();
		late.close();
	});
	await listening.says('timed out');
	hangs = false;
	await until(30000, 'a status', () => listening.lines().some((line) => line.startsWith('200 ')));
	assert.equal(await listening.end(), 0, listening.err);
});

test('a signal ends it while an endpoint hangs', async (t) => {
	const box = await endpoint(t, () => 0);
	const p = await place(t);
	const listening = await listen(t, [box.url, '--room', p.room.name]);
	await p.say('never answered');
	await until(30000, 'the post', () => box.got.length === 1);
	const began = Date.now();
	assert.equal(await listening.end(), 0, listening.err);
	assert.ok(Date.now() - began < 10000, 'an endpoint has 15 s');
	assert.deepEqual([await consumers(), listening.out], [[], '']);
});

test('it ends when the reader of its output goes, and its consumer with it', async () => {
	const child = spawn('sh', ['-c', '"$0" --server "$1" webhook listen http://127.0.0.1:1/ | true', clientBinary, server.url], { env: { ...process.env, PARLEY_TOKEN: person.token }, stdio: ['ignore', 'ignore', 'pipe'] });
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text) => { said += text; });
	await within(30000, 'it to end', once(child, 'close'));
	assert.match(said, /are posted to http:/);
	assert.deepEqual(await consumers(), []);
});

test('a consumer that is named stays, and goes on through a kill of the server', async (t) => {
	const dataDir = temporaryDir();
	let own = await startServer({ dataDir });
	const port = own.port;
	const owner = await command(own, 'account.create', { name: 'Owner', password: 'correct horse' });
	const as = { token: owner.token };
	const room = await command(own, 'room.create', { name: 'general' }, as);
	await command(own, 'consumer.create', { name: 'mailer', filter: { types: ['message.created'] }, ack_wait_ms: 1000 }, as);
	const box = await endpoint(t);
	const listening = await listen(t, [box.url, '--consumer', 'mailer', '--secret-file', secretFile], own, owner.token);
	const texts = () => box.got.map(({ body }) => JSON.parse(body).data.text);
	await command(own, 'message.send', { room: room.id, text: 'before' }, as);
	await until(30000, 'the first', async () => texts().includes('before') && (await command(own, 'consumer.list', {}, as)).consumers[0].waiting === 0);
	await own.kill();
	own = await startServer({ dataDir, port });
	t.after(() => own.stop());
	await command(own, 'message.send', { room: room.id, text: 'after' }, as);
	await until(30000, 'the second', () => texts().includes('after'));
	assert.equal(await listening.end(), 0, listening.err);
	const [{ name }] = (await command(own, 'consumer.list', {}, as)).consumers;
	assert.deepEqual([name, texts()], ['mailer', ['before', 'after']]);
});

test('an endpoint over https has its certificate checked, and headers come from a file', async (t) => {
	const [cert, key, other, otherKey, headers] = ['cert.pem', 'key.pem', 'other.pem', 'other-key.pem', 'headers'].map((name) => join(dir, name));
	makeCertificate('endpoint', cert, key, { alternatives: 'IP:127.0.0.1' });
	makeCertificate('other', other, otherKey);
	writeFileSync(headers, 'Authorization:  Bearer 6f1d \r\n\nX-Two: 2\n');
	const p = await place(t);
	for (const [ca, wanted] of [[other, /^failed \d+ ms .*certificate/], [cert, /^204 /]]) {
		const box = await endpoint(t, () => 204, { cert: readFileSync(cert), key: readFileSync(key) });
		const listening = await listen(t, [box.url, '--room', p.room.name, '--types', 'message.created', '--endpoint-ca', ca, '--headers', headers]);
		await p.say('over TLS');
		await until(30000, 'a line', () => listening.lines().length > 0);
		assert.match(listening.lines()[0], wanted);
		if (ca === cert)
			assert.deepEqual([box.got[0].headers.authorization, box.got[0].headers['x-two']], ['Bearer 6f1d', '2']);
		assert.equal(await listening.end(), 0, listening.err);
	}
});

test('wrong usage of listen leaves no consumer', async () => {
	const [bad, text] = [join(dir, 'no-secret'), join(dir, 'no-headers')];
	writeFileSync(bad, 'whsec_short\n');
	writeFileSync(text, 'X-One: 1\nno header\n');
	const url = 'http://127.0.0.1:1/';
	for (const [words, code, message] of [
		[['localhost:3000'], 2, /^parley: the URL does not begin with http:\/\/ or https:\/\/: localhost:3000$/m],
		[[url, '--secret-file', bad], 1, /no-secret: a secret is whsec_ and 24 to 64 bytes as base64/],
		[[url, '--secret-file', secretFile, '--headers', text], 1, /no-headers: line 2 is no header/],
		[[url, '--secret-file', secretFile, '--consumer', 'nosuch'], 1, /there is no consumer of this name or id: nosuch/],
		[[url, '--consumer', 'nosuch', '--types', 'message.*'], 2, /--consumer has its filter/],
		[[url, '--secret-file', secretFile, '--since', 'then'], 2, /--since: neither/],
	]) {
		const ended = await run(clientBinary, ['--server', server.url, 'webhook', 'listen', ...words], { env: { PARLEY_TOKEN: person.token } });
		assert.equal(ended.code, code, `${words.join(' ')}: ${ended.stderr}`);
		assert.match(ended.stderr, message);
	}
	assert.deepEqual(await consumers(), []);
});
