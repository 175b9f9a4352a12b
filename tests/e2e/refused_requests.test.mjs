// A refused request that is not worth repeating is different from a lost connection: clients tell the refusal and go on with the next request.
import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { WebSocketServer } from 'ws';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary, projectDir } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { keepRunning, run, serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const ROOM = '01890000-0000-7000-8000-000000000001';
const send = (ref, room, text) => ({ type: 'message.send', ref, data: { room, text } });
const asLines = (requests) => requests.map((request) => `${JSON.stringify(request)}\n`).join('');
const guest = () => ['--guest', fresh('Pipe')];

const botFile = (name) => join(projectDir, 'protocol', 'examples', 'bots', name);
const uuid = (n) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const created = (seq, text) => ({ type: 'message.created', id: uuid(seq), timestamp: '2026-01-31T12:00:00.123Z', room: ROOM, seq,
	data: { text, author: { id: uuid(1000), name: 'Ann', kind: 'guest' } } });

// Answers of a pipe that has ended, by ref.
const repliesOf = ({ stdout }) => new Map(stdout.trim().split('\n').map((line) => JSON.parse(line)).filter(({ ref }) => ref !== undefined).map((reply) => [reply.ref, reply]));

// A server that calls `take` for each request: (request, ws, nth connection) => data of the reply, or undefined when it did something
// itself. roomsOfReturning: what session.start answers after the first connection. Tells how many connections there were, and which requests came.
async function scriptedServer(t, take, roomsOfReturning = []) {
	const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' });
	const script = { connections: 0, requests: [] };
	t.after(() => {
		sockets.clients.forEach((ws) => ws.terminate());
		sockets.close();
	});
	sockets.on('connection', (ws) => {
		const nth = ++script.connections;
		ws.send('{"type":"hello","data":{"limits":{"frame_bytes":65536}}}');
		ws.on('message', (frame) => {
			const request = JSON.parse(frame);
			if (ws.readyState !== ws.OPEN) {
				return; /* it is being closed for an earlier one */
			}
			script.requests.push(request);
			const data = request.type === 'session.start' ? { user: { id: 'me' }, epoch: 'e', rooms: nth > 1 ? roomsOfReturning : [], token: 'T' } : take(request, ws, nth);
			if (data) {
				ws.send(JSON.stringify({ type: 'ok', ref: request.ref, data }));
			}
		});
	});
	await new Promise((resolve) => { sockets.on('listening', resolve); });
	script.url = `http://127.0.0.1:${sockets.address().port}`;
	script.texts = () => script.requests.filter(({ type }) => type === 'message.send').map(({ data }) => data.text);
	return script;
}

test('of ten messages in a pipe three are refused and not repeated; seven are sent once, in order, on one connection, and the exit code tells', async (t) => {
	const owner = await clientFor(t, server, { guest: fresh('Owner') });
	const name = fresh('room');
	const room = await owner.request('room.create', { name });
	const foreign = await owner.request('room.create', { name: fresh('foreign') });
	const requests = [{ type: 'room.join', ref: 'join', data: { room: name } }];
	for (let i = 1; i <= 10; i++) {
		requests.push(send(i, i === 10 ? foreign.name : name, i === 1 ? 'x'.repeat(9000) : i === 5 ? 'y'.repeat(70000) : `message ${i}`));
	}
	const ended = await run(clientBinary, ['--server', server.url, ...guest(), 'pipe'], { input: asLines(requests) });
	const replies = repliesOf(ended);
	assert.deepEqual([1, 5, 10].map((ref) => replies.get(ref).data.code), ['too_large', 'too_large', 'forbidden']);
	assert.deepEqual([2, 3, 4, 6, 7, 8, 9].filter((ref) => replies.get(ref).type !== 'ok'), []);
	assert.equal(ended.code, 1);
	/* Nothing of a connection that was made again. */
	assert.match(ended.stderr, /^parley: 3 of 11 requests were refused: [^\n]+\n$/);
	assert.match(ended.stderr, / too_large 2 \(first in line 2\)/);
	assert.match(ended.stderr, / forbidden 1 \(in line 11\)/);
	await owner.waitEvent(({ data }) => data?.text === 'message 9');
	assert.deepEqual(owner.texts(room.id), [2, 3, 4, 6, 7, 8, 9].map((i) => `message ${i}`));
});

test('a pipe that is too fast goes at the pace the server asks for, loses nothing and keeps the order', async (t) => {
	const strict = await serverFor(t, { relaxed: false, args: ['--limit-connection-requests', '20'] });
	const name = fresh('room');
	const requests = [{ type: 'room.create', ref: 'room', data: { name } }];
	for (let i = 1; i <= 300; i++) { // a burst is 200
		requests.push(send(i, name, `line ${i}`));
	}
	const ended = await run(clientBinary, ['--server', strict.url, ...guest(), 'pipe'], { input: asLines(requests), timeoutMs: 60000 });
	const replies = repliesOf(ended);
	assert.equal(ended.code, 0, ended.stderr);
	assert.match(ended.stderr, /^parley: the server asks for patience.*\(rate_limited\)\n$/);
	const seqs = Array.from({ length: 300 }, (_, i) => replies.get(i + 1)?.data.seq);
	assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
});

test('patience of a pipe has an end, which is told', async (t) => {
	const script = await scriptedServer(t, ({ ref, data }, ws) => {
		if (data.room !== 'busy') {
			return { room: ROOM, seq: 1, id: ROOM };
		}
		ws.send(JSON.stringify({ type: 'error', ref, data: { code: 'unavailable', message: 'the disk is full', retryable: true, retry_after_ms: 100 } }));
	});
	const requests = [send(1, 'busy', 'waits'), send(2, 'busy', 'is behind it'), send(3, 'free', 'is in another room')];
	const ended = await run(clientBinary, ['--server', script.url, ...guest(), 'pipe', '--patience', '1'], { input: asLines(requests) });
	const replies = repliesOf(ended);
	assert.deepEqual([1, 2, 3].map((ref) => replies.get(ref).type), ['error', 'error', 'ok']);
	const texts = script.texts();
	assert.ok(texts.filter((text) => text === 'waits').length >= 3, texts.join());
	assert.ok(texts.indexOf('is in another room') < texts.lastIndexOf('waits'), 'another room goes on meanwhile');
	assert.ok(texts.lastIndexOf('waits') < texts.indexOf('is behind it'), 'the order of a room stays');
	assert.equal(ended.code, 1);
	assert.match(ended.stderr, /2 of 3 requests were refused: unavailable 2 \(first in line 1\)/);
});

test('a message for which the server closes the connection is found, told and not sent again; the others are sent once', async (t) => {
	const got = [];
	const script = await scriptedServer(t, ({ data }, ws) => {
		if (/poison/.test(data.text)) {
			ws.close(/second/.test(data.text) ? 1007 : 1009, 'no');
			return undefined;
		}
		got.push(data.text);
		return { room: ROOM, seq: got.length, id: ROOM };
	});
	/* Rooms of their own, so that several are under way when the connection closes. */
	const requests = ['one', 'two', 'first poison', 'four', 'five', 'second poison', 'seven'].map((text, i) => send(i + 1, i < 4 ? `room ${i}` : 'last room', text));
	const ended = await run(clientBinary, ['--server', script.url, ...guest(), 'pipe'], { input: asLines(requests) });
	const replies = repliesOf(ended);
	assert.deepEqual([...replies].filter(([, { type }]) => type !== 'ok').map(([ref, { data }]) => [ref, data.code, data.retryable]),
		[[3, 'connection_closed', false], [6, 'connection_closed', false]]);
	assert.deepEqual([...new Set(got)].sort(), ['five', 'four', 'one', 'seven', 'two']);
	assert.ok(script.connections <= 4, `${script.connections} connections`);
	assert.equal(ended.code, 1);
});

test('an error without a ref is an answer', async (t) => {
	const script = await scriptedServer(t, ({ data }, ws) => {
		if (data.text === 'unreadable') {
			ws.send('{"type":"error","data":{"code":"invalid_json","message":"not JSON","retryable":false}}');
			return undefined;
		}
		return { room: ROOM, seq: 1, id: ROOM };
	});
	const ended = await run(clientBinary, ['--server', script.url, ...guest(), 'pipe'], { input: asLines([send(1, 'a', 'unreadable'), send(2, 'a', 'good')]) });
	const replies = repliesOf(ended);
	assert.equal(replies.get(1)?.data.code, 'invalid_json', ended.stdout);
	assert.equal(replies.get(2)?.type, 'ok');
	assert.equal(script.connections, 1);
});

test('what may be done only once is not made again when its answer was lost', async (t) => {
	const script = await scriptedServer(t, ({ type }, ws, nth) => {
		if (nth === 1 && type === 'room.update') {
			ws.terminate();
			return undefined;
		}
		return {};
	});
	const requests = [{ type: 'room.update', ref: 1, data: { room: 'a', topic: 'once' } }, { type: 'room.join', ref: 2, data: { room: 'a' } }];
	const ended = await run(clientBinary, ['--server', script.url, ...guest(), 'pipe'], { input: asLines(requests) });
	const replies = repliesOf(ended);
	assert.equal(replies.get(1).data.code, 'connection_lost');
	assert.equal(replies.get(2).type, 'ok');
	assert.deepEqual(script.requests.map(({ type }) => type), ['session.start', 'room.update', 'session.start', 'room.join']);
	assert.equal(ended.code, 1);
});

test('tail waits where the server asks to read the history later', async (t) => {
	let asked = 0;
	const script = await scriptedServer(t, ({ type, ref }, ws) => {
		if (type === 'room.join') {
			return { id: ROOM, last_seq: 1 };
		}
		if (++asked === 1) {
			ws.send(JSON.stringify({ type: 'error', ref, data: { code: 'rate_limited', message: 'slow down', retryable: true, retry_after_ms: 50 } }));
			return undefined;
		}
		return { events: [created(1, 'read later')], last_seq: 1 };
	});
	const tail = keepRunning(t, clientBinary, ['--server', script.url, ...guest(), 'tail', 'room', '--after', '0']);
	await tail.says('read later');
	assert.equal(tail.err, '');
});

test('a connection that ends after each sign-in is made ever more rarely', async (t) => {
	const script = await scriptedServer(t, (_, ws) => ws.terminate());
	const pipe = keepRunning(t, clientBinary, ['--server', script.url, ...guest(), 'pipe']);
	pipe.child.stdin.write(asLines([send(1, 'a', 'x')]));
	const pauses = () => [...pipe.err.matchAll(/trying again in (\d+) ms/g)].map(([, ms]) => Number(ms));
	await until(30000, 'the fourth loss', () => pauses().length >= 4);
	assert.ok(pauses()[3] >= 800, pauses().join());
});

test('of ten answers of echo-bot three are refused and not repeated, each in another way; seven are sent once and in order', async (t) => {
	const got = [];
	const script = await scriptedServer(t, ({ type, ref, data }, ws) => {
		if (type === 'room.join') {
			setImmediate(() => {
				for (let i = 1; i <= 10; i++)
					ws.send(JSON.stringify(created(i, `!echo ${i === 2 ? `${i} ${'\ud800'}` : i}`)));
			});
			return { id: ROOM, last_seq: 0 };
		}
		if (data.text === '1') {
			ws.close(1007, 'no');
		} else if (data.text === '5') {
			ws.send('{"type":"error","data":{"code":"invalid_json","message":"not JSON","retryable":false}}');
		} else if (data.text === '10') {
			ws.send(JSON.stringify({ type: 'error', ref, data: { code: 'forbidden', message: 'you may not', retryable: false } }));
		} else if (data.text === '7' && got.at(-1) !== 'later') {
			got.push('later');
			ws.send(JSON.stringify({ type: 'error', ref, data: { code: 'unavailable', message: 'busy', retryable: true, retry_after_ms: 50 } }));
		} else {
			got.push(data.text);
			return { room: ROOM, seq: 10 + got.length, id: uuid(2000 + got.length) };
		}
		return undefined;
	}, [{ id: ROOM, last_seq: 10 }]);
	const bot = keepRunning(t, process.execPath, ['--require', join(projectDir, 'tests', 'e2e', 'lib', 'websocket.cjs'), botFile('echo-bot.mjs'),
		script.url.replace('http', 'ws') + '/ws', 'room']);
	await bot.says('answer refused: you may not');
	assert.deepEqual(got, ['2 \ufffd', '3', '4', '6', 'later', '7', '8', '9']);
	assert.match(bot.err, /answer refused: the server closed the connection \(1007\)/);
	assert.match(bot.err, /answer refused: not JSON/);
	assert.equal(script.connections, 2);
});

test('curl-bot goes on when an answer is refused and not worth repeating, and repeats one that the server asks for later', async (t) => {
	const got = [];
	const answers = [[403, false], [503, false], [429, true, 1000], [200], [200]]; /* a 503 that is final: damaged data */
	const api = http.createServer((request, response) => {
		const reply = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
		if (request.url.startsWith('/api/v1/events')) {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			for (let i = 1; i <= 4; i++)
				response.write(`id: ${ROOM}:${i}\nevent: message.created\ndata: ${JSON.stringify(created(i, '!ping'))}\n\n`);
		} else if (request.url.endsWith('/message.send')) {
			let body = '';
			request.on('data', (chunk) => { body += chunk; }).on('end', () => {
				got.push(JSON.parse(body).client_id);
				const [status, retryable, retry_after_ms] = answers.shift() ?? [200];
				reply(status, status === 200 ? { type: 'ok', data: {} } : { type: 'error', data: { code: 'x', message: `refused ${status}`, retryable, retry_after_ms } });
			});
		} else {
			reply(200, { type: 'ok', data: { token: 'T', id: ROOM, last_seq: 0 } });
		}
	});
	api.listen(0, '127.0.0.1');
	await new Promise((resolve) => { api.on('listening', resolve); });
	t.after(() => {
		api.closeAllConnections();
		api.close();
	});
	const bot = keepRunning(t, 'sh', [botFile('curl-bot.sh'), `http://127.0.0.1:${api.address().port}`, 'room']);
	await until(30000, `five answers; ${bot.err}`, () => got.length >= 5);
	assert.deepEqual(got, [1, 2, 3, 3, 4].map(uuid));
	assert.match(bot.err, /answer refused: .*refused 403/);
	assert.match(bot.err, /answer refused: .*refused 503/);
});

test('curl-bot ends when its token was revoked, and asks no more', async (t) => {
	const { token } = await command(server, 'session.start', { guest: fresh('Bot') });
	const { name } = await command(server, 'room.create', { name: fresh('room') }, { token });
	const bot = keepRunning(t, 'sh', [botFile('curl-bot.sh'), server.url, name], { PARLEY_TOKEN: token });
	await bot.says('listening');
	await command(server, 'account.logout', {}, { token });
	await until(30000, `its end; ${bot.err}`, () => bot.child.exitCode !== null);
	assert.equal(bot.child.exitCode, 1);
	assert.match(bot.err, /\ncurl-bot: the server refuses the stream of /);
});
