// Standard input, output and error of the server and of `parley`, which are closed, full, gone or no file.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { binary, clientBinary, projectDir } from './lib/env.mjs';
import { command, get } from './lib/http.mjs';
import { run, startServer, temporaryDir } from './lib/server.mjs';
import { redirected, standardStreams } from './lib/shell.mjs';
import { until } from './lib/wait.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

async function publicRoom(t) {
	const owner = await clientFor(t, server, { guest: fresh('Owner') });
	const name = fresh('room');
	const { id } = await owner.request('room.create', { name });
	return { owner, name, id };
}

const remote = (...args) => ['--server', server.url, '--guest', fresh('Guest'), ...args];

for (const [redirections, closed] of [['<&-', [0]], ['>&-', [1]], ['2>&-', [2]], ['<&- 2>&-', [0, 2]], ['<&- >&- 2>&-', [0, 1, 2]]]) {
	test(`parleyd ${redirections} serves, and ends well`, async (t) => {
		const dir = temporaryDir();
		const place = { socketPath: join(dir, 'http.sock') };
		const args = ['--data', join(dir, 'data'), '--listen', `unix:${place.socketPath}`, '--drain-ms', '50', '--log-level', 'debug'];
		const running = redirected(t, redirections, binary, args);
		await until(10000, `the server to answer\n${running.err}`, () => get(place, '/readyz').then(({ status }) => status === 200, () => false));
		const streams = standardStreams(running.child.pid);
		for (const fd of closed) {
			assert.equal(streams[fd], '/dev/null', streams.join(' '));
		}
		const { token } = await command(place, 'session.start', { guest: 'Ann' });
		const room = await command(place, 'room.create', { name: 'room' }, { token });
		for (let i = 0; i < 20; i++) {
			await command(place, 'message.send', { room: room.id, text: `${i}` }, { token });
		}
		running.child.kill('SIGTERM');
		const { code, signal, err } = await running.ended();
		assert.deepEqual([code, signal], [0, null], err);
		assert.equal(err.includes('listen.not_printed'), closed.includes(1) && !closed.includes(2), err);
	});
}

const closedFault = 'parley: standard output is closed; where it is not wanted, /dev/null takes it\n';

test('parley with standard output closed says so, and does nothing', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const cases = [['--help'], ['--version'], ['--man'], remote('tail', name, '--after', '0'), remote('pipe'), remote('send', name, 'unseen'),
		['admin', '--data', server.dataDir, 'export', name], ['admin', '--data', server.dataDir, 'bot', fresh('Bot')]];
	const request = JSON.stringify({ type: 'room.join', ref: 1, data: { room: name } });
	for (const args of cases) {
		for (const redirections of ['>&-', '>&- <&-', '1</dev/null']) {
			const ended = await redirected(t, redirections, clientBinary, args, { input: `${request}\n` }).ended();
			assert.deepEqual([ended.code, ended.err], [1, closedFault], args.join(' '));
		}
	}
	await owner.settle();
	assert.deepEqual(owner.events.filter(({ room }) => room === id), [], 'nobody joined or sent');
});

test('parley pipe with standard input closed ends as at the end of its input', async (t) => {
	for (const redirections of ['<&-', '</dev/null']) {
		const ended = await redirected(t, redirections, clientBinary, remote('pipe'), { input: 'open' }).ended();
		assert.deepEqual([ended.code, ended.err], [0, ''], redirections);
		assert.equal(JSON.parse(ended.out).type, 'ok');
	}
});

test('parley with standard error closed keeps its words from the server', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const tail = redirected(t, '<&- 2>&-', clientBinary, remote('tail', name, '--json'));
	await owner.waitEvent('member.joined');
	const streams = standardStreams(tail.child.pid);
	assert.deepEqual([streams[0], streams[2]], ['/dev/null', '/dev/null']);
	await owner.request('message.send', { room: id, text: 'seen' });
	await until(10000, `the message in ${tail.out}`, () => tail.out.includes('"seen"'));
	const refused = await redirected(t, '2>&-', clientBinary, remote('send', 'no such room', 'x')).ended();
	assert.equal(refused.code, 1);
});

for (const [bot, program, words, text, answer] of [['curl-bot.sh', 'sh', () => [server.url], '!ping', 'pong'],
	['echo-bot.mjs', process.execPath, () => [server.wsUrl], '!echo x', 'x']]) {
	test(`${bot} answers with its standard streams closed`, async (t) => {
		const { owner, name, id } = await publicRoom(t);
		const load = program === 'sh' ? [] : ['--require', join(projectDir, 'tests', 'e2e', 'lib', 'websocket.cjs')];
		const args = [...load, join(projectDir, 'protocol', 'examples', 'bots', bot), ...words(), name];
		redirected(t, '<&- >&- 2>&-', program, args, { env: { BOT_NAME: fresh('Bot') } });
		await owner.waitEvent('member.joined');
		await owner.request('message.send', { room: id, text });
		await owner.waitEvent(({ data }) => data?.text === answer);
	});
}

test('output that a full disk does not take is told, with the reason', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	for (let i = 0; i < 300; i++) {
		await owner.request('message.send', { room: id, text: `${i} ${'x'.repeat(200)}` });
	}
	const cases = [['--help'], ['send', '--help'], ['--version'], ['--man'], remote('tail', name, '--after', '0'), remote('tail', name, '--after', '0', '--json'),
		remote('pipe'), remote('send', name, 'sent'), ['admin', '--data', server.dataDir, 'export', name], ['admin', '--data', server.dataDir, 'verify'],
		['admin', '--data', server.dataDir, 'bot', fresh('Bot')]];
	for (const args of cases) {
		const ended = await redirected(t, '>/dev/full', clientBinary, args).ended();
		const last = ended.err.split('\n').at(-2);
		assert.deepEqual([ended.code, last], [1, 'parley: cannot write to standard output: No space left on device'], args.join(' '));
	}
	for (const option of ['--help', '--man', '--version']) {
		const full = await redirected(t, '>/dev/full', binary, [option]).ended();
		assert.deepEqual([full.code, full.err], [1, 'parleyd: cannot write to standard output: No space left on device\n']);
		const closed = await redirected(t, '>&-', binary, [option]).ended();
		assert.deepEqual([closed.code, closed.err], [1, 'parleyd: cannot write to standard output: Bad file descriptor\n']);
	}
});

// bash knows how the first of them ended.
async function untilReaderGoes(t, args) {
	const { code, out, err } = await redirected(t, '', 'bash', ['-c', '"$0" "$@" | head -n 1; exit "${PIPESTATUS[0]}"', clientBinary, ...args], { input: 'open' }).ended();
	return { code, lines: out.trimEnd().split('\n').length, err };
}

test('a reader that goes away ends parley at once, with 1 and without a word', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	assert.deepEqual(await untilReaderGoes(t, remote('tail', name, '--after', '0')), { code: 1, lines: 1, err: '' }, 'no further event is needed');
	for (let i = 0; i < 500; i++) {
		await owner.request('message.send', { room: id, text: `${i} ${'x'.repeat(1000)}` });
	}
	assert.deepEqual(await untilReaderGoes(t, remote('tail', name, '--after', '0', '--json')), { code: 1, lines: 1, err: '' });
	assert.deepEqual(await untilReaderGoes(t, ['admin', '--data', server.dataDir, 'export', name]), { code: 1, lines: 1, err: '' });
});

test('an input that cannot be read is told, and is not taken for its end', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	const dir = temporaryDir();
	for (const args of [remote('pipe'), remote('send', name, '-'), ['admin', '--data', server.dataDir, 'password', fresh('Nobody')]]) {
		const ended = await redirected(t, `<${dir}`, clientBinary, args).ended();
		assert.equal(ended.code, 1, args.join(' '));
		assert.match(ended.err, /^parley: (password: )?cannot read standard input: Is a directory\n$/);
	}
	const token = await run(clientBinary, ['--server', server.url, '--token-file', dir, 'send', name, 'x']);
	assert.deepEqual([token.code, token.stderr], [1, `parley: cannot read ${dir}: Is a directory\n`]);
	await owner.settle();
	assert.deepEqual(owner.texts(id), []);
});

// Starts parley with standard input and output that do not block, as some programs hand theirs down.
const NON_BLOCKING = ['-c', 'import os, sys\nfor fd in 0, 1: os.set_blocking(fd, False)\nos.execv(sys.argv[1], sys.argv[1:])', clientBinary];

async function sleeping(running) {
	const ended = running.ended().then(() => true);
	await until(10000, 'parley to wait', async () => (await Promise.race([ended, Promise.resolve(false)])) ||
		/\(parley\) S/.test(readFileSync(`/proc/${running.child.pid}/stat`, 'utf8')));
}

test('a standard input that does not block is waited for', async (t) => {
	const { owner, name } = await publicRoom(t);
	const running = redirected(t, '', 'python3', [...NON_BLOCKING, ...remote('send', name, '-')], { input: 'open' });
	await sleeping(running);
	running.child.stdin.write('one\n');
	running.child.stdin.end('two\n');
	assert.deepEqual([(await running.ended()).code, running.err], [0, '']);
	assert.equal((await owner.waitEvent('message.created')).data.text, 'one\ntwo');
});

test('a standard output that does not block is waited for', async (t) => {
	const path = join(temporaryDir(), 'out');
	execFileSync('mkfifo', [path]);
	const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
	t.after(() => [reader, filler].forEach((fd) => closeSync(fd)));
	assert.throws(() => {
		for (;;) {
			writeSync(filler, '.'.repeat(4096));
		}
	}, { code: 'EAGAIN' });
	const running = redirected(t, `>'${path}'`, 'python3', [...NON_BLOCKING, '--version']);
	await sleeping(running);
	const bytes = Buffer.alloc(1 << 20);
	readSync(reader, bytes);
	assert.deepEqual([(await running.ended()).code, running.err], [0, '']);
	assert.match(bytes.toString('utf8', 0, readSync(reader, bytes)), /parley \d/);
});

test('send reads no more than a bounded text', async (t) => {
	const { name } = await publicRoom(t);
	const ended = await redirected(t, '</dev/zero', clientBinary, remote('send', name, '-')).ended();
	assert.deepEqual([ended.code, ended.err], [1, 'parley: the text is longer than 16 MiB\n']);
});

test('a file that may not grow is told, and ends neither program by a signal', async (t) => {
	const { owner, name, id } = await publicRoom(t);
	for (let i = 0; i < 50; i++) {
		await owner.request('message.send', { room: id, text: `${i} ${'x'.repeat(1000)}` });
	}
	const file = join(temporaryDir(), 'out');
	const exported = await run('bash', ['-c', 'ulimit -f 8; exec "$0" "$@" >"$OUT"', clientBinary, 'admin', '--data', server.dataDir, 'export', name], { env: { OUT: file } });
	assert.deepEqual([exported.code, exported.signal, exported.stderr], [1, null, 'parley: cannot write to standard output: File too large\n']);
	assert.ok(execFileSync('wc', ['-c', file]).toString().startsWith('8192 '));
	const started = await run('bash', ['-c', 'ulimit -f 1; exec "$0" "$@"', binary, '--data', temporaryDir(), '--listen', '127.0.0.1:0']);
	assert.deepEqual([started.code, started.signal], [1, null], started.stderr);
	assert.match(started.stderr, /^parleyd: /m);
});
