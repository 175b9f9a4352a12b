// What the benchmarks share: servers on fresh data directories, on disk unless BENCH_DATA names another folder, one core for what is measured and another for the load, `parley bench` as the load.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';

export const pinned = cpus().length >= 2 && spawnSync('taskset', ['-V']).status === 0;
const running = new Set();
process.on('exit', () => {
	for (const child of running)
		child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'])
	process.on(signal, () => process.exit(1));

// The limits that a load from one address would meet.
const UNLIMITED = ['address-accounts', 'password-attempts', 'connection-requests', 'connection-waiting', 'account-requests', 'address-requests',
	'account-rooms', 'user-rooms', 'sign-ins'];

// Options without these limits; those that are named stay as they are by default.
export const unlimited = (limited = []) => UNLIMITED.filter((name) => !limited.includes(name)).flatMap((name) => [`--limit-${name}`, '0']);

// Words in front of every program that is started: REALTIME is one choice.
export const REALTIME = ['chrt', '-f', '10'];
let inFront = [];
export function runBehind(words) {
	inFront = words;
}

export function startProgram(core, file, args) {
	const [first, ...rest] = [...inFront, ...(pinned ? ['taskset', '-c', String(core)] : []), file, ...args.map(String)];
	const child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
	running.add(child);
	child.on('exit', () => running.delete(child));
	return child;
}

// A process whose stdout says `ready` when it is.
export function start(core, file, args, ready) {
	const began = process.hrtime.bigint();
	const child = startProgram(core, file, args);
	return new Promise((resolve, reject) => {
		let out = '';
		let err = '';
		child.stderr.on('data', (text) => { err = (err + text).slice(-2000); });
		child.stdout.on('data', (text) => {
			out += text;
			const match = ready.exec(out);
			if (match)
				resolve({ child, match, readyMs: Number(process.hrtime.bigint() - began) / 1e6 });
		});
		child.on('error', reject);
		child.on('exit', () => reject(new Error(`${file} ended: ${err}`)));
	});
}

export function stop(child, signal = 'SIGKILL') {
	return new Promise((resolve) => {
		if (!running.has(child))
			resolve();
		child.on('exit', resolve);
		child.kill(signal);
	});
}

// What a program printed when it ended; `said` has its stderr.
export function printed(core, file, args) {
	const child = startProgram(core, file, args);
	return new Promise((resolve, reject) => {
		let out = '';
		let said = '';
		child.stdout.on('data', (text) => { out += text; });
		child.stderr.on('data', (text) => { said += text; });
		child.on('error', reject);
		child.on('close', () => resolve({ out, said }));
	});
}

// `parleyd` is the path of a server in its build directory; `wrap`: words between it and what it is run by; endBy: a signal; more: arguments;
// limited: limits that stay as they are by default.
export async function withParley(parleyd, use, { wrap = [], endBy, more = [], limited = [] } = {}) {
	const dir = mkdtempSync(join(process.env.BENCH_DATA ?? join(dirname(parleyd), '..'), 'bench-data-')); // beside the build: on disk, where /tmp may be memory
	const args = ['--listen', '127.0.0.1:0', '--data', dir, ...unlimited(limited), '--log-level', 'warn', ...more];
	const [file, ...rest] = [...wrap, parleyd, ...args];
	const server = await start(0, file, rest, /listening on (http\S+)\n/);
	try {
		return await use({ url: server.match[1], pid: server.child.pid, readyMs: server.readyMs });
	} finally {
		await stop(server.child, endBy);
		rmSync(dir, { recursive: true, force: true });
	}
}

// Runs `parley bench` and gives back its figures.
export async function load(parley, server, args) {
	const { out, said } = await printed(1, parley, ['bench', '--server', server.url, '--pid', server.pid, '--json', ...args]);
	try {
		return { ...JSON.parse(out), said };
	} catch {
		throw new Error(`parley bench ${args.join(' ')}: ${said}`);
	}
}

// Of all threads of a process, in seconds.
export function cpuOf(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
}

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
