// The log is not read, cannot be written, or loses its reader. The server goes on and tells which lines are missing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { binary } from './lib/env.mjs';
import { get } from './lib/http.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { RawSocket } from './lib/raw.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';
import { redirected } from './lib/shell.mjs';
import { until } from './lib/wait.mjs';

// A pipe with both ends in this process.
function pipeFor(t) {
	const path = join(temporaryDir(), 'log');
	execFileSync('mkfifo', [path]);
	const pipe = { path, reader: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), text: '' };
	const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
	const block = Buffer.alloc(4096, '.').fill('\n', 4095);
	// Until not even a short line has room.
	pipe.fill = () => {
		for (const size of [4096, 1]) {
			try {
				for (;;) {
					writeSync(filler, block, 4096 - size, size);
				}
			} catch (e) {
				assert.equal(e.code, 'EAGAIN');
			}
		}
	};
	pipe.read = () => {
		const bytes = Buffer.alloc(65536);
		try {
			for (let n; (n = readSync(pipe.reader, bytes)) > 0;) {
				pipe.text += bytes.toString('utf8', 0, n);
			}
		} catch (e) {
			assert.equal(e.code, 'EAGAIN');
		}
		return pipe.text;
	};
	pipe.stopReading = () => {
		closeSync(filler);
		closeSync(pipe.reader);
		pipe.closed = true;
	};
	t.after(() => pipe.closed || pipe.stopReading());
	return pipe;
}

async function serverLoggingTo(t, redirection) {
	const server = await startServer({ args: ['--log-level', 'debug'], launcher: ['sh', '-c', `exec "$0" "$@" ${redirection}`] });
	t.after(() => server.kill());
	return server;
}

// Each of them is a line of the log: "conn.closed", with the reason "refused".
async function makeLines(server, n) {
	for (let i = 0; i < n; i++) {
		const raw = await RawSocket.connect(server);
		raw.write('GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
		await raw.waitEnd();
	}
}

async function talk(server) {
	const client = await Client.start(server, { guest: 'Ann' });
	const { id } = await client.request('room.create', { name: 'room' });
	for (let i = 0; i < 50; i++) {
		await client.request('message.send', { room: id, text: `${i}` });
	}
	await client.close();
}

const said = (text) => [...text.matchAll(/^\S+Z warn log\.dropped lines=(\d+) reason="[^"]*"$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
const dropped = async (server) => (await metricsOf(server)).get('parley_log_dropped_total');

test('a server whose log is a full pipe starts, serves, and tells later how many lines are missing', async (t) => {
	const pipe = pipeFor(t);
	pipe.fill();
	const server = await serverLoggingTo(t, `2>'${pipe.path}'`);
	await talk(server);
	await makeLines(server, 20);
	const n = await dropped(server);
	assert.ok(n >= 21, `${n} lines`);
	await until(10000, 'the number of lines that are missing', () => said(pipe.read()) > 0);
	assert.equal(said(pipe.text), n);
	assert.match(pipe.text, / log\.dropped lines=\d+ reason="nobody reads standard error"\n/);
});

test('a pipe that fills while the server runs holds up nobody; what comes through is whole', async (t) => {
	const pipe = pipeFor(t);
	const server = await serverLoggingTo(t, `2>'${pipe.path}'`);
	assert.equal(await dropped(server), 0);
	pipe.fill();
	await makeLines(server, 20);
	await talk(server);
	const n = await dropped(server);
	assert.ok(n >= 20, `${n} lines`);
	await until(10000, 'the number of lines that are missing', () => said(pipe.read()) > 0);
	await makeLines(server, 1);
	await until(10000, 'a line after that', () => / debug conn\.closed /.test(pipe.read()));
	assert.equal(said(pipe.text), n);
	const lines = pipe.text.split('\n').filter((line) => !/^\.*$/.test(line));
	for (const line of lines) {
		assert.match(line, /^\S+Z (debug|info|warn) [a-z_.]+ .*$/);
	}
	server.signal('SIGTERM');
	await server.waitExit();
	assert.deepEqual(server.exit, { code: 0, signal: null });
	assert.match(pipe.read(), / info drain\.done /);
});

test('the end does not wait for a log that nobody reads', async (t) => {
	const pipe = pipeFor(t);
	const server = await serverLoggingTo(t, `2>'${pipe.path}'`);
	pipe.fill();
	server.signal('SIGTERM');
	await server.waitExit();
	assert.deepEqual(server.exit, { code: 0, signal: null });
});

test('standard output that nobody reads holds up no start', async (t) => {
	const pipe = pipeFor(t);
	pipe.fill();
	const dir = temporaryDir();
	// Standard output does not take the addresses: the log has them.
	const running = redirected(t, `>'${pipe.path}'`, binary, ['--data', dir, '--listen', '127.0.0.1:0']);
	await until(10000, `the server to serve\n${running.err}`, () => get({ socketPath: join(dir, 'operator.sock') }, '/readyz').then(({ status }) => status === 200, () => false));
	assert.match(running.err, /listen\.not_printed address="http:\/\/127\.0\.0\.1:\d+" reason="Resource temporarily unavailable"/);
});

test('a full disk takes no log, and the server serves', async (t) => {
	const server = await serverLoggingTo(t, '2>/dev/full');
	await talk(server);
	await makeLines(server, 5);
	assert.ok(await dropped(server) >= 6);
});

test('a reader of the log that goes away does not take the server with it', async (t) => {
	const pipe = pipeFor(t);
	const server = await serverLoggingTo(t, `2>'${pipe.path}'`);
	pipe.stopReading();
	await talk(server);
	await makeLines(server, 5);
	assert.ok(await dropped(server) >= 5);
});

test('a file for the log goes on where it was, and so does a process that shares it', async (t) => {
	const file = join(temporaryDir(), 'log');
	const server = await startServer({ launcher: ['sh', '-c', `exec 2>'${file}'; echo before >&2; "$0" "$@"; echo "after $?" >&2`] });
	const pid = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8'));
	process.kill(pid, 'SIGTERM');
	await server.waitExit();
	assert.match(readFileSync(file, 'utf8'), /^before\n(?:\S+Z \w+ store\..*\n)*\S+Z info server\.start .*\n[^]*drain\.done .*\nafter 0\n$/);
});
