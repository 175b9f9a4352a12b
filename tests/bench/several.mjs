// Several instances of the server on one PostgreSQL (with fsync) and one Redis: how long a message takes to the other instance, and what that costs whom. Not a test: figures
// depend on the machine.
//
// Everything shares the machine: the kernel places instances, PostgreSQL, Redis and the load on all cores. So more instances than cores show what they cost together, and not how
// many messages they can carry together.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { binary, clientBinary } from '../e2e/lib/env.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { Cluster } from '../e2e/lib/postgres.mjs';
import { Redis } from '../e2e/lib/redis.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { median, printed, start, stop, unlimited } from './lib.mjs';

const HELP = `usage: tests/bench/several [--only NAME]... [--seconds N] [--repeat N] [--against PARLEYD]

  --only NAME        hop, saturate, room, rooms, channels (repeatable)
  --instances N      only the rows with so many (repeatable)
  --rate N           of hop: messages a second (default 20, 200, 1000, 5000; repeatable)
  --seconds N        length of each measured window (default 5)
  --repeat N         measure each row N times and take the median of each figure (default 3)
  --against PARLEYD  another server, measured in turns with this one: the rows of both stand below each other

chrt -f 10 tests/bench/several lets all that takes part run before what else the machine does. PARLEYD and PARLEY name other binaries than those in build/.
PostgreSQL is a cluster of its own in the folder for temporary files (TMPDIR): let that be on a disk.`;

const { values: options } = parseArgs({ options: {
	only: { type: 'string', multiple: true, default: [] }, instances: { type: 'string', multiple: true, default: ['1', '2', '3'] },
	rate: { type: 'string', multiple: true, default: ['20', '200', '1000', '5000'] }, seconds: { type: 'string', default: '5' }, repeat: { type: 'string', default: '3' },
	against: { type: 'string' }, help: { type: 'boolean' },
} });
if (options.help) {
	console.log(HELP);
	process.exit(0);
}

const ANY_CORE = `0-${cpus().length - 1}`;
const WHOLE_MS = 60000;
const FOLLOWED_MS = 100000;
const builds = [['', binary], ...(options.against ? [['against', options.against]] : [])];

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
const rssMib = (pid) => Number(/Rss:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;

// What the threads of a process have run by now.
function cpuUs(pid) {
	return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000, 0);
}

async function startInstance(file, args) {
	const dir = mkdtempSync(join(tmpdir(), 'parley-bench-'));
	const server = await start(ANY_CORE, file, ['--listen', '127.0.0.1:0', '--data', dir, ...unlimited(), '--log-level', 'warn', ...args], /listening on (http\S+)\n/);
	return { dir, child: server.child, pid: server.child.pid, url: server.match[1] };
}

const busIsWhole = async (instance) => (await metricsOf(instance)).get('parley_bus_state') === 2;

// n instances on a fresh database; hasBus: and one Redis, which n = 1 does not need.
async function withInstances(file, n, hasBus, use) {
	const cluster = await Cluster.start();
	const redis = hasBus ? await Redis.start() : undefined;
	const instances = [];
	try {
		const args = ['--database', cluster.socketUrl(await cluster.makeDatabase()), ...(redis ? ['--redis', redis.url()] : [])];
		for (let i = 0; i < n; i++)
			instances.push(await startInstance(file, args));
		for (const instance of redis ? instances : [])
			await until(WHOLE_MS, 'the bus to be whole', () => busIsWhole(instance));
		return await use({ instances, redis, cluster });
	} finally {
		await Promise.all(instances.map(({ child }) => stop(child)));
		instances.forEach(({ dir }) => rmSync(dir, { recursive: true, force: true }));
		await redis?.kill();
		await cluster.destroy();
	}
}

// Starts `parley bench` with all instances; gives a promise of its figures.
async function load({ instances, redis, cluster }, args) {
	const [first, ...others] = instances.map(({ url }) => url);
	const pids = [...instances.map(({ pid }) => pid), redis?.pid ?? [], cluster.pid, childrenOf(cluster.pid)].flat();
	const { out, said } = await printed(ANY_CORE, clientBinary, ['bench', '--server', first, '--json', '--pid', instances[0].pid, '--processes', pids.join(),
		...(others.length > 0 ? ['--instances', others.join()] : []), '--seconds', options.seconds, '--warmup', 1, ...args]);
	let figures;
	try {
		figures = JSON.parse(out);
	} catch {
		throw new Error(`parley bench ${args.join(' ')}: ${said}`);
	}
	const used = figures.processes_cpu_us;
	const n = instances.length;
	const sum = (list) => list.reduce((a, b) => a + b, 0);
	return { ...figures, said, eachUs: used.slice(0, n), redisUs: redis ? used[n] : 0, postgresUs: sum(used.slice(n + (redis ? 1 : 0))) };
}

// --- tables ---------------------------------------------------------------------------------------------------------------------------------

const sumOf = (row) => row.eachUs.reduce((a, b) => a + b, 0);
const perMessage = (us, row) => us / (row.rate_achieved * row.counted_seconds);
const perDelivery = (us, row) => us / row.counted_deliveries;
const COLUMNS = [
	['asked/s', 8, (r) => r.rate_asked],
	['achieved', 8, (r) => r.rate_achieved, 0],
	['deliveries/s', 12, (r) => r.counted_deliveries / r.counted_seconds, 0],
	['p50 ms', 7, (r) => r.delivery_ms.p50, 2],
	['p99 ms', 7, (r) => r.delivery_ms.p99, 2],
	['hop p50', 7, (r) => r.hop_ms?.p50, 3],
	['hop p99', 7, (r) => r.hop_ms?.p99, 3],
	['A us/msg', 8, (r) => perMessage(r.eachUs[0], r), 1],
	['B us/msg', 8, (r) => r.eachUs.length > 1 ? perMessage(r.eachUs[1], r) : undefined, 1],
	['Redis', 6, (r) => perMessage(r.redisUs, r), 1],
	['Postgres', 8, (r) => perMessage(r.postgresUs, r), 1],
	['all: us/delivery', 16, (r) => perDelivery(sumOf(r), r), 2],
	['load', 5, (r) => r.load_cores * 100, 0],
];

function printHeader(title) {
	console.log(`\n${title}\n${['instances'.padEnd(24), ...COLUMNS.map(([name, width]) => name.padStart(width))].join('  ')}`);
}

const shown = (value, digits) => (value === undefined ? '-' : value.toFixed(digits ?? 0));

// The median of each figure by itself.
function printRow(name, rows) {
	const cells = COLUMNS.map(([, width, figure, digits]) => {
		const values = rows.map(figure).filter((value) => value !== undefined);
		return shown(values.length > 0 ? median(values) : undefined, digits).padStart(width);
	});
	console.log([name.padEnd(24), ...cells].join('  '));
	for (const row of rows.filter(({ whole }) => !whole))
		console.log(`  ${row.said.trim()}`);
}

// Builds in turns, so that a noisy moment meets both.
async function row(name, n, hasBus, args) {
	if (!options.instances.includes(`${n}`))
		return;
	const all = builds.map(() => []);
	for (let i = 0; i < Number(options.repeat); i++) {
		for (const [at, [, file]] of builds.entries())
			all[at].push(await withInstances(file, n, hasBus, (them) => load(them, args)));
	}
	builds.forEach(([label], at) => printRow(`${name}${label && ` (${label})`}`, all[at]));
}

async function spread(title, args) {
	printHeader(title);
	await row('1, no Redis', 1, false, args);
	for (const n of [1, 2, 3])
		await row(`${n}`, n, true, args);
}

// --- many channels --------------------------------------------------------------------------------------------------------------------------

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Each room has a reader at both instances, which idles: one message a second in all. Gives the load's figures, a promise.
const idleIn = (them, nRooms, seconds) => load(them, ['--rooms', nRooms, '--readers', 2, '--rooms-per-reader', 100, '--publishers', 1, '--rate', 1, '--seconds', seconds]);

async function untilFollowed(instances, nRooms, running) {
	let hasEnded = false;
	running.finally(() => { hasEnded = true; }).catch(() => {}); // the caller awaits it
	await until(FOLLOWED_MS, 'the rooms to be followed', async () =>
		hasEnded || (await Promise.all(instances.map(metricsOf))).every((metrics) => metrics.get('parley_bus_channels') >= nRooms), 100);
	if (hasEnded)
		throw new Error(`the load ended before the rooms were followed: ${(await running).said}`);
}

async function idle(label, file, nRooms, hasBus) {
	await withInstances(file, 2, hasBus, async (them) => {
		const { instances, redis } = them;
		const bareMib = [rssMib(instances[0].pid), redis ? rssMib(redis.pid) : 0];
		const running = idleIn(them, nRooms, options.seconds);
		if (hasBus)
			await untilFollowed(instances, nRooms, running);
		const redisMib = redis ? rssMib(redis.pid) : 0;
		const figures = await running;
		const perSecond = (us) => `${(us / 1000 / figures.counted_seconds).toFixed(2)} ms`;
		console.log(`  ${label}: CPU a second of A ${perSecond(figures.eachUs[0])}, of Redis ${perSecond(figures.redisUs)}, of PostgreSQL ${perSecond(figures.postgresUs)}` +
			`; RSS of A ${bareMib[0].toFixed(1)} then ${figures.server_rss_mib.toFixed(1)} MiB, of Redis ${bareMib[1].toFixed(1)} then ${redisMib.toFixed(1)} MiB`);
		if (hasBus)
			await again(label, them, nRooms);
	});
}

// Redis dies with all subscriptions, and is there again.
async function again(label, them, nRooms) {
	const { instances, redis } = them;
	const running = idleIn(them, nRooms, 15);
	await untilFollowed(instances, nRooms, running);
	await pause(3000);
	const before = instances.map(({ pid }) => cpuUs(pid));
	await redis.kill();
	await until(WHOLE_MS, 'the bus to be away', async () => !(await busIsWhole(instances[0])) && !(await busIsWhole(instances[1])));
	await redis.start();
	const began = performance.now();
	await until(WHOLE_MS, 'the bus to be whole', async () => (await Promise.all(instances.map(busIsWhole))).every(Boolean), 2);
	const ms = performance.now() - began;
	await pause(500); // the store's answers
	const used = instances.map(({ pid }, i) => ((cpuUs(pid) - before[i]) / 1000).toFixed(0));
	console.log(`  ${label}: whole ${ms.toFixed(0)} ms after Redis was back; meanwhile CPU of A ${used[0]} ms, of B ${used[1]} ms, of Redis ${(cpuUs(redis.pid) / 1000).toFixed(0)} ms`);
	await running;
}

const PARTS = {
	async hop() {
		for (const rate of options.rate) {
			printHeader(`One room, one sender at A, ${rate} messages a second: two readers at A, or one at A and one at B`);
			for (const n of [1, 2])
				await row(`${n}`, n, n > 1, ['--readers', 2, '--publishers', 1, '--rate', rate]);
		}
	},
	async saturate() {
		printHeader('100 rooms of two, 8 messages of each of 100 senders outstanding');
		for (const n of [1, 2])
			await row(`${n}`, n, n > 1, ['--saturate', '--rooms', 100, '--readers', 2, '--publishers', 100, '--window', 8]);
	},
	room: () => spread('One room of 999 readers, 12 of them send', ['--readers', 999, '--publishers', 12, '--rate', 60]),
	rooms: () => spread('100 rooms of 10 readers, one in each sends', ['--rooms', 100, '--readers', 10, '--publishers', 100, '--rate', 500]),
	async channels() {
		console.log('\nRooms that are followed and idle, a reader at both of two instances');
		for (const [label, file] of builds) {
			await idle(`${label} 10,000 rooms, no Redis`, file, 10000, false);
			await idle(`${label} 10,000 rooms`, file, 10000, true);
		}
	},
};

const unknown = options.only.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
	console.error(`unknown: ${unknown.join(', ')}\n${HELP}`);
	process.exit(2);
}
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores; node ${process.version}; windows of ${options.seconds} s; medians of ${options.repeat}`);
for (const [name, part] of Object.entries(PARTS)) {
	if (options.only.length === 0 || options.only.includes(name))
		await part();
}
process.exit(0);
