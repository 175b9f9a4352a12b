// `parley` and the example bots against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { WebSocketServer } from 'ws';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary, projectDir } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { metricsOf, untilMetrics } from './lib/metrics.mjs';
import { keepRunning, run, serverFor, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const parley = (args, options) => run(clientBinary, ['--server', server.url, ...args], options);

async function publicRoom(t, target = server) {
	const owner = await clientFor(t, target, { guest: fresh('Owner') });
	const name = fresh('room');
	const room = await owner.request('room.create', { name });
	return { owner, name, id: room.id };
}

test('send joins a public room and prints room, seq and id', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const sent = await parley(['--guest', fresh('Sender'), 'send', name, 'hello "wörld"']);
	assert.equal(sent.code, 0, sent.stderr);
	const event = await owner.waitEvent('message.created');
	assert.equal(event.data.text, 'hello "wörld"');
	assert.equal(sent.stdout, `${id} ${event.seq} ${event.id}\n`);
});

test('send - sends the lines of stdin as one message', async (t) => {
	const { owner, name } = await publicRoom(t);
	const sent = await parley(['--guest', fresh('Sender'), 'send', name, '-'], { input: 'one\ntwo\n' });
	assert.equal(sent.code, 0, sent.stderr);
	assert.equal((await owner.waitEvent('message.created')).data.text, 'one\ntwo');
});

test('a token comes from a file or the environment', async (t) => {
	const { owner, name } = await publicRoom(t);
	const person = await command(server, 'account.create', { name: fresh('Person'), password: 'correct horse' });
	const file = join(temporaryDir(), 'token');
	writeFileSync(file, `${person.token}\n`);
	assert.equal((await parley(['--token-file', file, 'send', name, 'by file'])).code, 0);
	assert.equal((await owner.waitEvent('message.created')).data.author.id, person.user.id);
	assert.equal((await parley(['send', name, 'by environment'], { env: { PARLEY_TOKEN: person.token } })).code, 0);
	writeFileSync(file, `\ufeff${person.token}\r\n`);
	assert.equal((await parley(['--token-file', file, 'send', name, 'by a file of another system'])).code, 0);
	writeFileSync(file, `"${person.token}"\n`);
	for (const [args, env, where] of [[['--token-file', file], {}, file], [[], { PARLEY_TOKEN: `${person.token}\r` }, 'PARLEY_TOKEN'], [[], { PARLEY_TOKEN: `'${person.token}'` }, 'PARLEY_TOKEN']]) {
		const { code, stderr } = await parley([...args, 'send', name, 'not sent'], { env });
		assert.equal(code, 1, stderr);
		assert.ok(stderr.includes(`${where}: this is no token`), stderr);
	}
});

test('refusals end with 1, wrong usage with 2, each with one sentence', async () => {
	const cases = [
		[['--guest', fresh('Guest'), 'send', 'no such room', 'x'], 1, /not_found/],
		[['--token-file', '/nonexistent', 'send', 'a', 'b'], 1, /cannot read \/nonexistent/],
		[['frobnicate'], 2, /unknown command: frobnicate/],
		[['send', 'room'], 2, /usage: parley send/],
		[['tail', 'room', '--frob'], 2, /unknown option: --frob/],
		[['tail', 'room', '--after', 'x'], 2, /--after/],
	];
	for (const [args, code, message] of cases) {
		const ended = await parley(args);
		assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
		assert.match(ended.stderr, message);
		assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
	}
	const away = await run(clientBinary, ['--server', 'http://127.0.0.1:1', 'send', 'a', 'b']);
	assert.equal(away.code, 1);
	assert.match(away.stderr, /^parley: no server is running at http:\/\/127\.0\.0\.1:1 .*\n$/);
});

test('send ends at once on what the server would not read, and names the reason', async (t) => {
	const { name } = await publicRoom(t);
	const cases = [
		['nul \0 byte', /NUL is not allowed/],
		['x'.repeat(9000), /it has 9000 bytes, and may have 8000/],
		['x'.repeat(75000), /7\d{4} bytes; the limit \(frame_bytes\) is 65536/],
		['x'.repeat(900000), /9\d{5} bytes; the limit \(frame_bytes\) is 65536/],
	];
	for (const [input, message] of cases) {
		const sent = await parley(['--guest', fresh('Sender'), 'send', name, '-'], { input });
		assert.equal(sent.code, 1, sent.stderr);
		assert.match(sent.stderr, message);
		assert.equal(sent.stderr.trim().split('\n').length, 1, sent.stderr);
	}
});

test('send takes a closing that refuses the message as the end', async (t) => {
	const refusing = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' });
	let connections = 0;
	refusing.on('connection', (ws) => {
		connections++;
		ws.send('{"type":"hello","data":{}}');
		ws.on('message', (frame) => {
			const { type, ref } = JSON.parse(frame);
			if (type === 'session.start')
				ws.send(JSON.stringify({ type: 'ok', ref, data: { user: {}, rooms: [] } }));
			else
				ws.close(1009, 'too much');
		});
	});
	t.after(() => refusing.close());
	await new Promise((resolve) => { refusing.on('listening', resolve); });
	const sent = await run(clientBinary, ['--server', `http://127.0.0.1:${refusing.address().port}`, '--guest', 'Ann', 'send', 'general', 'x']);
	assert.equal(sent.code, 1, sent.stderr);
	assert.match(sent.stderr, /message\.send: general: the server closed the connection: 1009 too much/);
	assert.equal(connections, 1);
});

test('admin speaks to no server but the one in --data, and says so', async () => {
	for (const [option, value] of [['--server', 'http://127.0.0.1:1'], ['--guest', 'Ann'], ['--token-file', '/nowhere'], ['--ca-file', '/nowhere']]) {
		const ended = await run(clientBinary, ['admin', '--data', server.dataDir, 'verify', option, value]);
		assert.deepEqual([ended.code, ended.stdout], [2, ''], ended.stderr);
		assert.match(ended.stderr, new RegExp(`parley: ${option} means nothing to admin`));
	}
	const help = await run(clientBinary, ['admin', '--help']);
	assert.doesNotMatch(help.stdout, /--server|--guest/);
	assert.match(help.stdout, /--version/);
	const other = { PARLEY_SERVER: 'http://127.0.0.1:1' };
	assert.equal((await run(clientBinary, ['admin', '--data', server.dataDir, 'verify'], { env: other })).code, 0);
});

test('a room that is not there is named', async () => {
	for (const words of [['send', 'nosuch', 'x'], ['tail', 'nosuch']]) {
		const ended = await run(clientBinary, ['--server', server.url, '--guest', 'Ann', ...words]);
		assert.equal(ended.code, 1);
		assert.match(ended.stderr, /^parley: [a-z.]+: nosuch: there is no such room, or you may not see it \(not_found\); `parley room create` makes one\n$/);
	}
	const exported = await run(clientBinary, ['admin', '--data', server.dataDir, 'export', 'nosuch']);
	assert.match(exported.stderr, /parley: admin\.export: nosuch: there is no such room/);
});

test('room makes, joins and lists rooms; each is a line of id and name', async () => {
	const name = fresh('made here'), hidden = fresh('hidden here');
	const owner = await command(server, 'account.create', { name: fresh('Owner'), password: 'correct horse' });
	const asOwner = (...words) => parley(['room', ...words], { env: { PARLEY_TOKEN: owner.token } });
	const made = await asOwner('create', name, '--topic', 'What it is about');
	assert.equal(made.code, 0, made.stderr);
	const [id] = made.stdout.split(' ');
	assert.equal(made.stdout, `${id} ${name}\n`);
	assert.equal((await command(server, 'room.get', { room: id }, { token: owner.token })).room.topic, 'What it is about');
	const secret = await asOwner('create', hidden, '--private');
	assert.equal((await asOwner('create', name)).code, 1);
	assert.match((await asOwner('create', name)).stderr, /name_taken/);
	assert.ok((await asOwner('list')).stdout.includes(secret.stdout));
	const stranger = (...words) => parley(['--guest', fresh('Stranger'), 'room', ...words]);
	const listed = await stranger('list');
	assert.ok(listed.stdout.includes(made.stdout) && !listed.stdout.includes(hidden), listed.stdout);
	assert.equal((await stranger('join', name)).stdout, made.stdout);
	assert.match((await stranger('join', hidden)).stderr, /not_found/);
	for (const words of [['list', 'x'], ['create'], ['destroy', 'x'], ['join', name, '--private']]) {
		assert.equal((await stranger(...words)).code, 2, words.join(' '));
	}
});

test('a server is found by host and port alone', async () => {
	const listed = await run(clientBinary, ['--server', new URL(server.url).host, '--guest', fresh('Plain'), 'room', 'list']);
	assert.equal(listed.code, 0, listed.stderr);
});

test('help, version and the manual page name every command', async () => {
	const help = await run(clientBinary, ['--help']);
	const man = await run(clientBinary, ['--man']);
	for (const name of ['send', 'tail', 'pipe', 'room', 'hook', 'consumer', 'webhook', 'bench', 'admin']) {
		assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
		assert.match(man.stdout, new RegExp(`^\\.SS parley ${name} `, 'm'));
		assert.equal((await run(clientBinary, [name, '--help'])).code, 0);
	}
	assert.match((await run(clientBinary, ['--version'])).stdout, /^parley \d/);
});

test('tail prints every event once and in order through kills of the server', async (t) => {
	const dataDir = temporaryDir();
	let own = await startServer({ dataDir });
	const port = own.port;
	const bot = await command(own, 'session.start', { guest: fresh('Author') });
	const room = await command(own, 'room.create', { name: fresh('room') }, { token: bot.token });
	const tail = keepRunning(t, clientBinary, ['--server', own.url, '--guest', fresh('Tail'), 'tail', room.id, '--after', '0', '--json']);
	await tail.says('member.joined');
	for (let round = 0; round < 3; round++) {
		for (let i = 0; i < 20; i++)
			await command(own, 'message.send', { room: room.id, text: `${round}-${i}` }, { token: bot.token });
		await own.kill();
		own = await startServer({ dataDir, port });
		await command(own, 'message.send', { room: room.id, text: `back ${round}` }, { token: bot.token });
	}
	t.after(() => own.stop());
	await tail.says('back 2');
	const seqs = tail.lines().map((line) => JSON.parse(line).seq).filter((seq) => seq > 0);
	assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
	assert.ok(seqs.length >= 63);
});

test('tail prints an event that comes together with the reply to its join', async (t) => {
	const eager = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' });
	const room = '01890000-0000-7000-8000-000000000001';
	const event = { type: 'message.created', timestamp: '2026-01-31T12:00:00.123Z', room, seq: 1, data: { text: 'early', author: { name: 'Ann' } } };
	const answers = { 'session.start': { user: {}, rooms: [] }, 'room.join': { id: room, last_seq: 0 }, 'history.read': { events: [event], last_seq: 1 } };
	eager.on('connection', (ws, { socket }) => {
		ws.send('{"type":"hello","data":{}}');
		ws.on('message', (frame) => {
			const { type, ref } = JSON.parse(frame);
			socket.cork(); // both in one packet
			ws.send(JSON.stringify({ type: 'ok', ref, data: answers[type] }));
			if (type === 'room.join')
				ws.send(JSON.stringify(event));
			socket.uncork();
		});
	});
	t.after(() => eager.close());
	await new Promise((resolve) => { eager.on('listening', resolve); });
	const tail = keepRunning(t, clientBinary, ['--server', `http://127.0.0.1:${eager.address().port}`, '--guest', 'Ben', 'tail', 'room']);
	await tail.says('early');
	assert.equal(tail.lines().length, 1);
});

test('tail reads a long history and goes on live', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	for (let i = 0; i < 450; i++)
		await owner.request('message.send', { room: id, text: `m${i}` });
	const tail = keepRunning(t, clientBinary, ['--server', server.url, '--guest', fresh('Tail'), 'tail', name, '--after', '100', '--json']);
	await tail.says('"m449"');
	await owner.request('message.send', { room: id, text: 'live' });
	await tail.says('"live"');
	const seqs = tail.lines().map((line) => JSON.parse(line).seq);
	assert.deepEqual(seqs, seqs.map((_, i) => 101 + i));
});

test('tail shows no control characters to the terminal', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const tail = keepRunning(t, clientBinary, ['--server', server.url, '--guest', fresh('Tail'), 'tail', name, '--after', '0']);
	await tail.says('joined');
	await owner.request('message.send', { room: id, text: 'a\u009b31mred\u202e end' });
	await tail.says(' end');
	assert.doesNotMatch(tail.out, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});

test('tail tells which message became what', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const { seq } = await owner.request('message.send', { room: id, text: 'wrold' });
	await owner.request('message.edit', { room: id, seq, text: 'world' });
	await owner.request('message.delete', { room: id, seq });
	const tail = keepRunning(t, clientBinary, ['--server', server.url, '--guest', fresh('Tail'), 'tail', name, '--after', String(seq)]);
	await tail.says('joined');
	const lines = tail.lines().slice(0, 2).map((line) => line.replace(/^(\d+)  [-\d]+ [:\d]+  /, '$1 '));
	assert.deepEqual(lines, [`${seq + 1} * ${owner.user.name} edited ${seq}: world`, `${seq + 2} * ${owner.user.name} deleted ${seq}`]);
});

test('pipe passes requests, replies and events; ends when stdin does', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const pipe = keepRunning(t, clientBinary, ['--server', server.url, '--guest', fresh('Pipe'), 'pipe']);
	const write = (line) => pipe.child.stdin.write(`${JSON.stringify(line)}\n`);
	write({ type: 'room.join', ref: 'j', data: { room: name } });
	await pipe.says('"ref":"j"'); // a member only from now on
	write({ type: 'message.send', ref: 7, data: { room: id, text: 'from a pipe' } });
	write({ type: 'no.such', ref: 'n' });
	const ended = new Promise((resolve) => { pipe.child.on('close', resolve); });
	pipe.child.stdin.end('not json\n{"type":"room.get","ref":"last","data":{"room":"' + id + '"}}'); // no line end: still a request
	assert.equal(await ended, 1, pipe.err);
	assert.match(pipe.err, /2 of 5 requests were refused: /);
	const lines = pipe.lines().map((line) => JSON.parse(line));
	assert.equal(lines.find(({ ref }) => ref === 'last').data.room.id, id);
	assert.equal(lines[0].data.user.kind, 'guest');
	assert.equal('token' in lines[0].data, false, 'a token is a secret');
	assert.equal(lines.find(({ ref }) => ref === 'j').data.id, id);
	assert.ok(lines.find(({ ref }) => ref === 7).data.seq > 0);
	assert.equal(lines.find(({ ref }) => ref === 'n').data.code, 'unknown_type');
	assert.ok(lines.some(({ type, data }) => type === 'error' && data.code === 'invalid_json'));
	assert.equal((await owner.waitEvent('message.created')).data.text, 'from a pipe');
});

test('the example in the help of pipe works for a fresh guest', async (t) => {
	const own = await serverFor(t);
	const owner = await clientFor(t, own, { guest: fresh('Owner') });
	await owner.request('room.create', { name: 'general' });
	const help = await run(clientBinary, ['pipe', '--help']);
	const pipe = keepRunning(t, clientBinary, ['--server', own.url, '--guest', fresh('Pipe'), 'pipe']);
	for (const [example] of help.stdout.matchAll(/\{"type".*\}/g)) {
		pipe.child.stdin.write(`${example}\n`);
		await pipe.says(`"ref":${JSON.parse(example).ref}`);
	}
	assert.doesNotMatch(pipe.out, /"type":"error"/);
	assert.equal((await owner.waitEvent('message.created')).data.text, 'hi');
});

test('pipe answers a line that the server would not read, and goes on', async (t) => {
	const { name } = await publicRoom(t);
	const request = (ref, data) => JSON.stringify({ type: 'room.join', ref, data: { room: name, ...data } });
	const ended = await parley(['--guest', fresh('Pipe'), 'pipe'], {
		input: [request('long', { more: 'x'.repeat(70000) }), request('deep', { more: [[[[[[[[]]]]]]]] }), request('good')].join('\n'),
	});
	assert.equal(ended.code, 1);
	const lines = ended.stdout.trim().split('\n').map((line) => JSON.parse(line));
	assert.match(lines.find(({ ref }) => ref === 'long').data.message, /the limit \(frame_bytes\) is 65536/);
	assert.match(lines.find(({ ref }) => ref === 'deep').data.message, /the limit \(json_depth\) is 8 levels/);
	assert.equal(lines.find(({ ref }) => ref === 'good').type, 'ok');
	assert.equal(ended.stderr, 'parley: 2 of 3 requests were refused: too_large 2 (first in line 1)\n');
});

test('bench accounts for every delivery', async () => {
	const done = await parley(['bench', '--rooms', '4', '--readers', '10', '--rooms-per-reader', '2', '--publishers', '5', '--rate', '100', '--seconds', '1',
		'--warmup', '0', '--verify', '--client-ids', '--json', '--pid', String(server.pid)], { timeoutMs: 60000 });
	assert.equal(done.code, 0, done.stderr);
	const row = JSON.parse(done.stdout);
	assert.equal(row.sent, 100);
	assert.equal(row.acknowledged, 100);
	assert.equal(row.made, 1000);
	assert.equal(row.whole, true);
	assert.ok(row.delivery_ms.n > 0 && row.ack_ms.n > 0 && row.server_rss_mib > 0);
});

test('bench names the limits that are in the way of its load', async (t) => {
	const strict = await serverFor(t, { relaxed: false, args: ['--limit-address-accounts', '5'] });
	const done = await run(clientBinary, ['--server', strict.url, 'bench', '--readers', '50', '--seconds', '1'], { timeoutMs: 60000 });
	assert.equal(done.code, 1);
	assert.match(done.stderr, /^parley: limits of the server are in the way of this load: start it with --limit-address-accounts 0\n$/);
	const fast = await run(clientBinary, ['--server', strict.url, 'bench', '--readers', '4', '--publishers', '1', '--rate', '1000'], { timeoutMs: 60000 });
	assert.match(fast.stderr, /in the way of this load: start it with --limit-connection-requests 0 --limit-account-requests 0\n$/);
});

for (const [bot, program, args, env, text, answer] of [
	['curl-bot.sh', 'sh', (server, dir, room) => [join(dir, 'curl-bot.sh'), server.url, room], {}, '!ping', 'pong'],
	['echo-bot.mjs', process.execPath, (server, dir, room) => ['--require', join(projectDir, 'tests', 'e2e', 'lib', 'websocket.cjs'),
		join(dir, 'echo-bot.mjs'), server.wsUrl, room], {}, '!echo a "b"', 'a "b"'],
]) {
	test(`${bot} answers once`, async (t) => {
		const server = await serverFor(t); // of its own: readers that go meanwhile would hide the bot that comes
		const { owner, name, id } = await publicRoom(t, server);
		const readers = (await metricsOf(server)).get('parley_readers');
		const running = keepRunning(t, program, args(server, join(projectDir, 'protocol', 'examples', 'bots'), name), { ...env, BOT_NAME: fresh('Bot') });
		await running.says('listening');
		await untilMetrics(server, 'the bot to read the room', (now) => now.get('parley_readers') > readers);
		await owner.request('message.send', { room: id, text: 'no command' });
		const asked = [];
		for (let i = 1; i <= 2; i++) { // a second answer to the first would be there before the one to the second
			asked.push((await owner.request('message.send', { room: id, text })).id);
			await until(30000, `an answer; ${running.err}`, () => owner.texts(id).filter((each) => each === answer).length >= i);
		}
		await owner.settle();
		const answers = owner.events.filter(({ type, data }) => type === 'message.created' && data.text === answer);
		assert.deepEqual(answers.map(({ data }) => data.client_id), asked);
	});
}
