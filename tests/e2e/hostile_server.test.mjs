// `parley` shows the text of a hostile server on the terminal as one line of readable text, which the terminal never obeys.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { WebSocketServer } from 'ws';
import { clientBinary, projectDir } from './lib/env.mjs';
import { keepRunning, run, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

// A title, a colour by ESC and by C1, a bell, DEL, an override, a mark, a separator, and a line that looks like one of ours.
const EVIL = '\x1b]0;owned\x07\x1b[31m\u009b31m\x7f\u202eright\u200f\u2028left\r\nparley: forged';
const SHOWN = '\\u001b]0;owned\\u0007\\u001b[31m\\u009b31m\\u007f\\u202eright\\u200f\\u2028left\\u000d\\u000aparley: forged';
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

const ROOM = '01890000-0000-7000-8000-000000000001';
const uuid = (n) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;

async function listen(t, server, place) {
	server.listen(place);
	await new Promise((resolve) => { server.on('listening', resolve); });
	t.after(() => server.close());
	return server;
}

const anywhere = { port: 0, host: '127.0.0.1' };

// Speaks the protocol with `answers`: type of request -> (request, ws) => data, or {error}; `whole`: (request) => the reply as it is.
async function evilServer(t, answers, { place = anywhere, hello = {}, whole = {} } = {}) {
	const server = await listen(t, http.createServer(), place);
	const sockets = new WebSocketServer({ server, path: '/ws' });
	t.after(() => sockets.clients.forEach((ws) => ws.terminate()));
	sockets.on('connection', (ws) => {
		ws.send(JSON.stringify({ type: 'hello', data: hello }));
		ws.on('message', (frame) => {
			const { type, ref, data } = JSON.parse(frame);
			if (whole[type]) {
				ws.send(JSON.stringify(whole[type]({ ref })));
				return;
			}
			const answer = (answers[type] ?? (() => ({ user: {}, rooms: [] })))(data, ws);
			if (answer?.error) {
				ws.send(JSON.stringify({ type: 'error', ref, data: answer.error }));
			} else if (answer) {
				ws.send(JSON.stringify({ type: 'ok', ref, data: answer }));
			}
		});
	});
	return place === anywhere ? `http://127.0.0.1:${server.address().port}` : undefined;
}

const refusal = { error: { code: `code${EVIL}`, message: `message ${EVIL}`, retryable: false } };

function assertHarmless({ stdout, stderr }, { lines = 1 } = {}) {
	assert.doesNotMatch(stdout, OBEYED);
	assert.doesNotMatch(stderr, OBEYED);
	assert.equal(stderr.split('\n').length - 1, lines, stderr);
	assert.doesNotMatch(`${stdout}\n${stderr}`, /^parley: forged/m);
}

const guest = (url, ...words) => run(clientBinary, ['--server', url, '--guest', 'Ann', ...words]);

test('the status line of a refused handshake is shown, and cut, without a control character', async (t) => {
	const statuses = [Buffer.from('403 \x1b]0;owned\x07\x9b31m\x7f', 'latin1'), Buffer.from('403 \x1b[31m\u009b31m\u202e\u2028\0'),
		Buffer.from(`403 ${'\u202e'.repeat(80)}`)];
	for (const status of statuses) {
		const server = await listen(t, net.createServer((socket) => {
			socket.on('error', () => {});
			socket.on('data', () => socket.end(Buffer.concat([Buffer.from('HTTP/1.1 '), status, Buffer.from('\r\n\r\n')])));
		}), anywhere);
		const ended = await guest(`http://127.0.0.1:${server.address().port}`, 'send', 'room', 'x');
		assert.equal(ended.code, 1);
		assert.match(ended.stderr, /^parley: the server refused the WebSocket: HTTP\/1\.1 403 \\u/);
		assertHarmless(ended);
	}
});

test('reasons of a close, refusals and their codes are shown without a control character', async (t) => {
	const closing = (reason) => (_, ws) => ws.close(1009, reason);
	const cases = [
		[{ 'session.start': () => refusal }, ['send', 'room', 'x'], `the server refused to sign in: message ${SHOWN}`],
		[{ 'message.send': () => refusal }, ['send', 'room', 'x'], `message.send: room: message ${SHOWN}`],
		[{ 'message.send': closing('x\x1b[31m\u009b\u202e\nparley: forged') }, ['send', 'room', 'x'], '1009 x\\u001b[31m\\u009b\\u202e\\u000aparley: forged'],
		[{ 'room.join': () => refusal }, ['tail', `room${EVIL}`], `room.join: room${SHOWN}: message ${SHOWN}`],
		[{ 'room.join': () => refusal }, ['bench', '--readers', '1', '--publishers', '1', '--seconds', '1'], 'the server refused'],
		[{ 'room.create': () => refusal }, ['bench', '--readers', '1', '--publishers', '1', '--seconds', '1'], `message ${SHOWN}`],
	];
	for (const [answers, words, expected] of cases) {
		const ended = await guest(await evilServer(t, answers), ...words);
		assert.equal(ended.code, 1, ended.stderr);
		assertHarmless(ended);
		assert.ok(ended.stderr.startsWith('parley: ') && ended.stderr.includes(expected), ended.stderr);
	}
});

test('a reply without what it should hold ends the command with a line that says so', async (t) => {
	const nothing = (type) => ({ [type]: ({ ref }) => ({ type: 'ok', ref }) });
	const cases = [
		['session.start', ['pipe'], "the server's answer to the sign-in is not understood"],
		['room.join', ['room', 'join', 'x'], "the server's reply is not understood"],
		['room.join', ['tail', 'x'], "the server's reply is not understood"],
		['room.list', ['room', 'list'], "the server's reply is not understood"],
		['room.create', ['room', 'create', 'x'], "the server's reply is not understood"],
		['message.send', ['send', 'x', 'y'], "the server's reply is not understood"],
	];
	for (const [type, words, expected] of cases) {
		const url = await evilServer(t, {}, { whole: nothing(type) });
		assert.deepEqual([words, await guest(url, ...words)], [words, { code: 1, signal: null, stdout: '', stderr: `parley: ${expected}\n` }]);
	}
});

test('what send prints of a reply is one line without a control character', async (t) => {
	const ended = await guest(await evilServer(t, { 'message.send': () => ({ room: EVIL, seq: 1, id: EVIL }) }), 'send', 'room', 'x');
	assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, `${SHOWN} 1 ${SHOWN}\n`, '']);
});

// Frames that are valid JSON. Their strings hold control sequences, and line ends are between their tokens.
const event = (seq) => `{"type":"message.created","id":"${uuid(seq)}",\r\n\t"timestamp":"2026-01-31T12:00:00.123Z",\n"room":"${ROOM}","seq":${seq},` +
	`"data":{"text":"\u007f \u009b31m \u202e \ufeff \\u001b \u00e9\ud83d\ude00","author":{"id":"${uuid(9)}","name":"\u009bAnn\\n","kind":"guest"}}}`;

function evilRoom(t, seqs) {
	return evilServer(t, {
		'room.join': (_, ws) => {
			setImmediate(() => seqs.forEach((seq) => ws.send(event(seq))));
			return { id: ROOM, last_seq: 0 };
		},
		'history.read': ({ after }) => ({ events: seqs.filter((seq) => seq > after).map((seq) => JSON.parse(event(seq))), last_seq: seqs.at(-1) }),
	});
}

test('tail shows names, types and texts without a control character, further lines indented', async (t) => {
	const tail = keepRunning(t, clientBinary, ['--server', await evilRoom(t, [1]), '--guest', 'Ann', 'tail', 'room']);
	await tail.says('\u{1f600}');
	assert.doesNotMatch(tail.out, OBEYED);
	assert.ok(tail.out.includes('\\u009bAnn\\u000a: \\u007f \\u009b31m \\u202e \\ufeff \\u001b \u00e9\u{1f600}'), tail.out);
});

for (const [words, first] of [[['tail', 'room', '--json'], 0], [['pipe'], 2]]) {
	test(`${words.join(' ')} prints each event as one line: the same JSON, in characters that no terminal obeys`, async (t) => {
		const running = keepRunning(t, clientBinary, ['--server', await evilRoom(t, [1, 2]), '--guest', 'Ann', ...words]);
		running.child.stdin.write('{"type":"room.join","ref":"\u009b","data":{"room":"room"}}\nnot json \u009b\x1b[31m\n');
		await until(10000, 'both events', () => running.out.split('"seq":2').length > 1 && running.out.endsWith('\n'));
		assert.doesNotMatch(running.out, OBEYED);
		const lines = running.lines().map((line) => JSON.parse(line)).filter(({ type }) => type === 'message.created');
		assert.deepEqual(lines, [1, 2].map((seq) => JSON.parse(event(seq))));
		assert.ok(running.lines().length >= first + 2);
	});
}

test('admin shows what the operator\'s socket says without a control character', async (t) => {
	const dir = temporaryDir();
	const hostile = JSON.parse(event(1));
	await evilServer(t, {
		'admin.export': () => ({ events: [hostile], more: false }),
		'admin.verify': () => ({ rooms: 1, events: 1, faults: [EVIL] }),
		'admin.bot': () => ({ token: EVIL }),
		'admin.owner': () => ({ user_id: EVIL }),
		'admin.account': () => ({ user_id: EVIL }),
		'admin.password': () => refusal,
		'admin.backup': () => ({ path: EVIL }),
	}, { place: join(dir, 'operator.sock') });
	const admin = (...words) => run(clientBinary, ['admin', '--data', dir, ...words], { input: 'correct horse\ncorrect horse\n' });
	const exported = await admin('export', 'room');
	assertHarmless(exported, { lines: 0 });
	assert.deepEqual(JSON.parse(exported.stdout), hostile);
	const verified = await admin('verify');
	assertHarmless(verified, { lines: 0 });
	assert.equal(verified.stdout.split('\n')[0], SHOWN);
	assertHarmless(await admin('bot', `name${EVIL}`));
	assertHarmless(await admin('owner', `name${EVIL}`, '--promote'), { lines: 0 });
	assertHarmless(await admin('account', `name${EVIL}`), { lines: 0 });
	assertHarmless(await admin('password', `name${EVIL}`));
	assertHarmless(await admin('backup', `/${EVIL}`), { lines: 0 });
});

test('the example bots show what a server says without a control character', async (t) => {
	const bots = join(projectDir, 'protocol', 'examples', 'bots');
	const url = await evilServer(t, { 'session.start': () => refusal });
	const echo = await run(process.execPath, ['--require', join(projectDir, 'tests', 'e2e', 'lib', 'websocket.cjs'), join(bots, 'echo-bot.mjs'), `${url}/ws`]);
	assertHarmless(echo);
	assert.equal(echo.stderr, `echo-bot: cannot sign in: message ${SHOWN}\n`);
	const server = await listen(t, http.createServer((req, res) => {
		res.end(req.url.endsWith('session.start') ? '{"type":"ok","data":{"token":"x"}}' : EVIL);
	}), anywhere);
	const curl = await run('sh', [join(bots, 'curl-bot.sh'), `http://127.0.0.1:${server.address().port}`, 'room']);
	assertHarmless(curl);
	assert.match(curl.stderr, /^curl-bot: cannot join room: \]0;owned\[31m/);
});

test('words of the command line are shown without a control character too', async () => {
	for (const words of [[`nosuch${EVIL}`], [`--nosuch${EVIL}`], ['tail', 'room', '--after', EVIL], ['admin', EVIL], ['bench', '--rooms', EVIL],
		['--server', EVIL, 'send', 'a', 'b'], ['--server', `unix:/${EVIL}`, 'send', 'a', 'b'], ['--token-file', `/${EVIL}`, 'send', 'a', 'b']]) {
		const ended = await run(clientBinary, words);
		assert.notEqual(ended.code, 0);
		assertHarmless(ended);
	}
});
