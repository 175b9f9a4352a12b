// Starts the real server, on a free port and a data directory of its own, and ends it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { databaseArgs } from './database.mjs';
import { binary as defaultBinary, quickPasswords, scaled } from './env.mjs';
import { Several, nInstances } from './several.mjs';
import { until, within } from './wait.mjs';

const SANITIZER_REPORT = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer|runtime error:|Assertion .* failed/;
const READY_MS = 30000; // stretched by TEST_TIME_SCALE

// All tests come from one address in quick succession: without these settings they test the rate limits.
const RELAXED = ['address-accounts', 'password-attempts', 'connection-requests', 'account-requests', 'account-rooms', 'address-requests', 'sign-ins', 'hook-posts']
	.flatMap((name) => [`--limit-${name}`, '0']);

const running = new Set();
const temporary = [];
process.on('exit', () => {
	for (const child of running) {
		child.kill('SIGKILL');
	}
	for (const dir of temporary) {
		rmSync(dir, { recursive: true, force: true });
	}
});

// A test that failed may leave a server or a socket behind. These must not keep the process from ending.
after(() => {
	setTimeout(() => process.exit(1), scaled(60000)).unref();
});

export function temporaryDir(prefix = 'parley-test-') {
	const dir = mkdtempSync(join(tmpdir(), prefix));
	temporary.push(dir);
	return dir;
}

// The environment without anything that would configure the server.
function cleanEnv(extra) {
	const env = {};
	for (const [name, value] of Object.entries(process.env)) {
		if (name === 'PARLEYD' || name === 'PARLEY' || !name.startsWith('PARLEY_')) {
			env[name] = value;
		}
	}
	return { ...env, ...extra };
}

export class Server {
	constructor(child, dataDir) {
		this.child = child;
		this.dataDir = dataDir;
		this.stdout = '';
		this.stderr = '';
		this.addresses = []; // what "listening on" lines said
		child.stdout.setEncoding('utf8').on('data', (text) => {
			this.stdout += text;
		});
		child.stderr.setEncoding('utf8').on('data', (text) => {
			this.stderr += text;
		});
		this.exited = new Promise((resolve) => {
			child.on('close', (code, signal) => {
				running.delete(child);
				this.exit = { code, signal };
				resolve(this.exit);
			});
		});
	}

	get pid() {
		return this.child.pid;
	}

	// http://127.0.0.1:PORT of the first TCP listener.
	get url() {
		return this.addresses.find((address) => address.startsWith('http'));
	}

	get port() {
		return Number(new URL(this.url).port);
	}

	get wsUrl() {
		return `${this.url.replace(/^http/, 'ws')}/ws`;
	}

	get operatorSocket() {
		return join(this.dataDir, 'operator.sock');
	}

	// Resident bytes.
	// VmRSS: all that is resident; RssAnon: without pages of files, which are code.
	rss(row = 'VmRSS') {
		return Number(new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) * 1024;
	}

	// How many descriptors are open.
	fds() {
		return readdirSync(`/proc/${this.pid}/fd`).length;
	}

	// What they are, for a message.
	describeFds() {
		return readdirSync(`/proc/${this.pid}/fd`).map((fd) => {
			try {
				return `${fd}=${readlinkSync(`/proc/${this.pid}/fd/${fd}`)}`;
			} catch {
				return fd;
			}
		}).join(' ');
	}

	assertNoReport() {
		const at = this.stderr.search(SANITIZER_REPORT);
		assert.equal(at, -1, at < 0 ? '' : `the server reported:\n${this.stderr.slice(Math.max(0, at - 500), at + 6000)}`);
	}

	signal(name) {
		this.child.kill(name);
	}

	// SIGTERM, the drain, exit code 0 and nothing to report.
	async stop() {
		if (!this.exit) {
			this.signal('SIGCONT');
			this.signal('SIGTERM');
			await within(30000, `the server to stop\n${this.stderr.slice(-3000)}`, this.exited);
			this.assertNoReport();
			assert.deepEqual(this.exit, { code: 0, signal: null }, `the server did not end well:\n${this.stderr.slice(-3000)}`);
		}
		return this;
	}

	async kill() {
		this.assertNoReport();
		this.signal('SIGKILL');
		return this.waitExit();
	}

	async waitExit() {
		await within(30000, 'the server to end', this.exited);
		return this;
	}
}

function announced(server) {
	server.addresses = [...server.stdout.matchAll(/^parleyd: listening on (\S+)$/gm)].map((match) => match[1]);
	return server.addresses.length;
}

// Starts it and waits until it says where it listens. `relaxed: false` leaves the rate limits at their defaults; `listen: []` gives no --listen
// (args have it); `port` asks for a certain port (to come back on the same one); `launcher` is a program, with its arguments, that starts it.
export async function startServer({ dataDir = temporaryDir(), port = 0, ...options } = {}) {
	const database = await databaseArgs(dataDir);
	if (nInstances === 1) {
		return startOne({ ...options, dataDir, port }, database);
	}
	const dirs = Array.from({ length: nInstances }, (_, i) => (i === 0 ? dataDir : `${dataDir}-${i + 1}`));
	temporary.push(...dirs.slice(1));
	return Several.start((i, more) => startOne({ ...options, dataDir: dirs[i] }, [...database, ...more]), port);
}

async function startOne({ args = [], env = {}, dataDir, binary = defaultBinary, relaxed = true, listen, port = 0, listeners, launcher = [] }, placeArgs) {
	assert.ok(existsSync(binary), `no server at ${binary}: build it, or name it in PARLEYD`);
	const addresses = listen ?? [`127.0.0.1:${port}`];
	const drain = args.some((arg) => arg.startsWith('--drain-ms')) ? [] : ['--drain-ms', '50'];
	const all = [...addresses.flatMap((address) => ['--listen', address]), '--data', dataDir, ...placeArgs, ...drain, ...(relaxed ? RELAXED : []), ...args];
	const [program, ...words] = [...launcher, binary, ...all];
	const child = spawn(program, words, { env: cleanEnv({ ...quickPasswords, ...env }), stdio: ['ignore', 'pipe', 'pipe'] });
	running.add(child);
	const server = new Server(child, dataDir);
	const wanted = listeners ?? Math.max(1, addresses.length);
	const ready = new Promise((resolve) => {
		child.stdout.on('data', () => {
			if (announced(server) >= wanted) {
				resolve(true);
			}
		});
	});
	let heard = false;
	try {
		heard = await within(READY_MS, 'the server to listen', Promise.race([ready, server.exited.then(() => false)]));
	} catch (late) {
		child.kill('SIGKILL');
		throw new Error(`${late.message}\nstdout: ${server.stdout}\nstderr: ${server.stderr.slice(-3000)}`);
	}
	if (!heard) {
		throw Object.assign(new Error(`the server ended with ${JSON.stringify(server.exit)} instead of listening:\n${server.stderr.slice(-3000)}`), {
			exit: server.exit,
			stderr: server.stderr,
		});
	}
	return server;
}

// A server for one test: it ends with the test.
export async function serverFor(t, options) {
	const server = await startServer(options);
	t.after(() => server.stop());
	return server;
}

// Runs a program to its end; for options that end at once and for servers that must not start.
export async function run(program, args, { env = {}, input, timeoutMs = 30000, cwd } = {}) {
	const child = spawn(program, args, { env: cleanEnv(env), stdio: ['pipe', 'pipe', 'pipe'], cwd });
	running.add(child);
	const result = { stdout: '', stderr: '' };
	child.stdout.setEncoding('utf8').on('data', (text) => {
		result.stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text) => {
		result.stderr += text;
	});
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	const timer = setTimeout(() => child.kill('SIGKILL'), scaled(timeoutMs));
	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (code, signal) => {
			clearTimeout(timer);
			running.delete(child);
			resolve({ ...result, code, signal });
		});
	});
}

export const runServer = (args, options) => run(defaultBinary, args, options);

// A program that goes on: its lines so far, and its end with the test.
export function keepRunning(t, program, args, env = {}) {
	const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
	const running = { child, out: '', err: '' };
	child.stdout.setEncoding('utf8').on('data', (text) => { running.out += text; });
	child.stderr.setEncoding('utf8').on('data', (text) => { running.err += text; });
	running.lines = () => running.out.split('\n').filter((line) => line !== '');
	running.says = (text) => until(30000, `"${text}" in\n${running.out}\n${running.err}`, () => running.out.includes(text) || running.err.includes(text));
	t.after(() => child.kill('SIGTERM'));
	return running;
}
