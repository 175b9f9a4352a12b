// Durable, acknowledged messages a second of the store: bench_store on SQLite, on PostgreSQL over its Unix socket, and over a network of a certain length. Not a test: figures
// depend on the machine, and its disk.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDir } from '../e2e/lib/env.mjs';
import { Cluster } from '../e2e/lib/postgres.mjs';

const HELP = `usage: tests/bench/store [--seconds N] [--repeat N] [--delay-us N]... [--only NAME]... [--parts] [--realtime]

  --seconds N   length of each measurement (default 5)
  --repeat N    measure each row N times, in turns, and print the median and what lies furthest from it (default 3)
  --delay-us N  how long bytes take from here to PostgreSQL, and as long back (default 1000: a network delay of 1 ms, a round trip of 2 ms; repeatable)
  --only NAME   rows whose name begins so: sqlite, postgresql (repeatable)
  --parts       also SQLite without log_vfs, copy_pace, checkpoint, each: what they bring
  --realtime    all that is measured runs before what else the machine does (chrt -f 10)

A cluster of its own, with fsync, in the folder for temporary files (TMPDIR): let that be on a disk. Without fsync nothing would be durable.
BENCH_BUILD names another build directory than build/.`;

const { values: options } = parseArgs({ options: {
	seconds: { type: 'string', default: '5' }, repeat: { type: 'string', default: '3' }, 'delay-us': { type: 'string', multiple: true, default: ['1000'] },
	only: { type: 'string', multiple: true, default: [''] }, parts: { type: 'boolean' }, realtime: { type: 'boolean' }, help: { type: 'boolean' },
} });
if (options.help) {
	console.log(HELP);
	process.exit(0);
}

const build = process.env.BENCH_BUILD ?? buildDir;
const program = (name) => join(build, 'tests', 'bench', name);
const REALTIME = ['chrt', '-f', '10'];
const STUCK_MS = 60000; // beyond the seconds that are measured
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) {
	process.on(signal, () => process.exit(1));
}

function start(argv) {
	const [file, ...args] = options.realtime ? [...REALTIME, ...argv] : argv;
	const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
	running.add(child.on('exit', () => running.delete(child)));
	return child;
}

// What bench_store counted.
function measure(...args) {
	const child = start([program('bench_store'), '--json', ...args, options.seconds]);
	const late = setTimeout(() => child.kill('SIGKILL'), options.seconds * 1000 + STUCK_MS);
	let out = '';
	let said = '';
	child.stdout.on('data', (text) => { out += text; });
	child.stderr.on('data', (text) => { said += text; });
	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (status) => {
			clearTimeout(late);
			if (status === 0) {
				resolve(JSON.parse(out));
			} else {
				reject(new Error(`bench_store ${args.join(' ')}: ${said}`));
			}
		});
	});
}

async function onSqlite(...args) {
	const dir = mkdtempSync(join(build, 'bench-data-')); // on disk, where /tmp may be memory
	try {
		return await measure(...args, dir);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

async function startCluster() {
	const cluster = await Cluster.start({ settings: { shared_buffers: '128MB' } }); // PostgreSQL's default; the other tests' is smaller
	if (options.realtime) {
		execFileSync('chrt', ['-a', '-f', '-p', '10', String(cluster.pid)]);
	}
	return cluster;
}

const onPostgres = async (cluster, port) => {
	const name = await cluster.makeDatabase();
	return measure('--database', port ? cluster.url(name, port) : cluster.socketUrl(name));
};

async function throughNetwork(cluster, delayUs) {
	const proxy = start([program('delay_proxy'), String(cluster.port), delayUs]);
	try {
		const port = await new Promise((resolve, reject) => {
			proxy.stdout.once('data', (line) => resolve(Number(line)));
			proxy.on('exit', () => reject(new Error('delay_proxy ended')));
		});
		return await onPostgres(cluster, port);
	} finally {
		proxy.kill('SIGKILL');
	}
}

const ROWS = [
	{ name: 'sqlite', goal: 50000, run: () => onSqlite() },
	...(options.parts ? ['log_vfs', 'copy_pace', 'checkpoint'] : []).map((part) => ({ name: `sqlite without ${part}`, run: () => onSqlite('--without', part) })),
	{ name: 'postgresql, Unix socket', goal: 20000, run: (cluster) => onPostgres(cluster) },
	...options['delay-us'].map((us) => ({ name: `postgresql, ${us / 1000} ms each way`, goal: us === '1000' ? 15000 : undefined, run: (cluster) => throughNetwork(cluster, us) })),
].filter(({ name }) => options.only.some((begin) => name.startsWith(begin)));

const COLUMNS = [
	['row', 32, (r) => r.name],
	['acknowledged/s', 14, (r) => r.a_second.toFixed(0)],
	['spread', 7, (r) => `${(r.spread * 100).toFixed(0)} %`],
	['goal', 6, (r) => r.goal ?? '-'],
	['writer us/send', 14, (r) => r.writer_us.toFixed(1)],
	['sends/commit', 12, (r) => r.sends_per_commit.toFixed(0)],
	['round trips/commit', 18, (r) => (r.round_trips_per_commit ? r.round_trips_per_commit.toFixed(2) : '-')],
	['commit ms', 9, (r) => r.commit_ms.toFixed(1)],
	['done p50 ms', 11, (r) => r.p50_ms.toFixed(1)],
	['done p99 ms', 11, (r) => r.p99_ms.toFixed(1)],
	['failed', 6, (r) => r.failed],
];
const line = (cells) => cells.map((cell, i) => (i === 0 ? String(cell).padEnd(COLUMNS[i][1]) : String(cell).padStart(COLUMNS[i][1]))).join('  ');

// The measurement in the middle, and how far the others are from it.
function middle(figures) {
	figures.sort((a, b) => a.a_second - b.a_second);
	const median = figures[figures.length >> 1];
	return { ...median, spread: Math.max(...figures.map(({ a_second }) => Math.abs(a_second / median.a_second - 1))) };
}

const cluster = ROWS.some(({ name }) => name.startsWith('postgresql')) ? await startCluster() : undefined;
try {
	const figures = ROWS.map(() => []);
	for (let i = 0; i < Number(options.repeat); i++) {
		for (const [at, row] of ROWS.entries()) {
			figures[at].push(await row.run(cluster));
		}
	}
	console.log(line(COLUMNS.map(([name]) => name)));
	for (const [at, { name, goal }] of ROWS.entries()) {
		const row = { name, goal, ...middle(figures[at]) };
		console.log(line(COLUMNS.map(([, , text]) => text(row))));
	}
	console.log('acknowledged: on disk, and told to its sender. 2000 are under way; round trips are counted by the driver; done: from the send to the acknowledgement.');
} finally {
	await cluster?.destroy();
}
process.exit(0);
