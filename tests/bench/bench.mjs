// The benchmark: a release server with storing on, `parley bench` as the load, and a bare broadcast with Node's `ws` as a peer, measured by the
// same instrument in the same run. Every row gets a fresh server with a fresh data directory on disk. Not a test: figures depend on the machine.
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stormOn } from './storm_row.mjs';
import { beside, deadFor, delayed, drained, troubled } from './webhook_row.mjs';
import { REALTIME, load, median, pinned, runBehind, start, stop, withParley } from './lib.mjs';

const HELP = `usage: tests/bench/run [--quick] [--only NAME]... [--seconds N] [--repeat N] [--no-peer] [--realtime]

  --quick       short windows, fewer idle connections
  --only NAME   room1000, room5000, many-rooms, small-rooms, saturation, idle, storm, webhooks, start (repeatable)
  --seconds N   length of each measured window (default 10; quick: 3)
  --repeat N    measure each row N times and keep the one with the median p99 (default 1)
  --no-peer     without the peer
  --realtime    programs run before everything else on the machine (chrt)

PARLEYD and PARLEY name other binaries than those in build/. Data are on disk, beside the build, or in the folder that BENCH_DATA names: in memory
the disk's pauses are not in the figures.`;

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '..', '..');

function parseArguments(argv) {
	const options = { only: [], repeat: 1, peer: true };
	for (let i = 0; i < argv.length; i++) {
		if (argv[i] === '--quick') options.quick = true;
		else if (argv[i] === '--no-peer') options.peer = false;
		else if (argv[i] === '--realtime') options.realtime = true;
		else if (argv[i] === '--only') options.only.push(argv[++i]);
		else if (argv[i] === '--seconds') options.seconds = Number(argv[++i]);
		else if (argv[i] === '--repeat') options.repeat = Number(argv[++i]);
		else {
			console.log(HELP);
			process.exit(argv[i] === '--help' ? 0 : 2);
		}
	}
	options.seconds ??= options.quick ? 3 : 10;
	return options;
}

const options = parseArguments(process.argv.slice(2));
runBehind(options.realtime ? REALTIME : []);
const parleyd = process.env.PARLEYD ?? join(project, 'build', 'server', 'parleyd');
const parley = process.env.PARLEY ?? join(project, 'build', 'protocol', 'parley');
const buildDir = join(dirname(parleyd), '..');

const withServer = (use) => withParley(parleyd, use);
const loadOn = (server, args) => load(parley, server, args);

async function withPeer(use) {
	const server = await start(0, process.execPath, [join(here, 'peer_ws.mjs'), '0'], /^(\d+)\n/);
	try {
		return await use({ url: `http://127.0.0.1:${server.match[1]}`, pid: server.child.pid });
	} finally {
		await stop(server.child);
	}
}

async function measured(on, args) {
	const figures = [];
	for (let i = 0; i < options.repeat; i++)
		figures.push(await on((server) => loadOn(server, args)));
	figures.sort((a, b) => a.delivery_ms.p99 - b.delivery_ms.p99);
	return figures[figures.length >> 1];
}

// --- tables ---------------------------------------------------------------------------------------------------------------------------------

const COLUMNS = [
	['server', 12, (r) => (r.kind === 'parley' ? 'Parley' : 'ws broadcast')],
	['msg/s asked', 11, (r) => r.rate_asked || 'all'],
	['achieved', 8, (r) => r.rate_achieved.toFixed(0)],
	['expected', 10, (r) => r.expected],
	['made', 10, (r) => (r.whole ? r.made : `${r.made}!`)],
	['p50 ms', 8, (r) => r.delivery_ms.p50.toFixed(1)],
	['p99 ms', 8, (r) => r.delivery_ms.p99.toFixed(1)],
	['max ms', 8, (r) => r.delivery_ms.max.toFixed(1)],
	['ack p50', 8, (r) => (r.ack_ms.n ? r.ack_ms.p50.toFixed(2) : '-')],
	['ack p99', 8, (r) => (r.ack_ms.n ? r.ack_ms.p99.toFixed(2) : '-')],
	['us/delivery', 11, (r) => r.cpu_per_delivery_us.toFixed(2)],
	['server', 6, (r) => `${(r.server_cores * 100).toFixed(0)}%`],
	['waited', 6, (r) => `${(r.server_waited * 100).toFixed(0)}%`],
	['load', 5, (r) => `${(r.load_cores * 100).toFixed(0)}%`],
	['RSS MiB', 7, (r) => r.server_rss_mib.toFixed(1)],
	['late p99', 8, (r) => r.sender_late_ms.p99.toFixed(2)],
];

function printHeader(title) {
	console.log(`\n${title}\n${COLUMNS.map(([name, width]) => name.padStart(width)).join('  ')}`);
}

function printRow(row) {
	console.log(COLUMNS.map(([, width, text]) => String(text(row)).padStart(width)).join('  '));
	if (!row.whole && row.kind === 'parley')
		console.log(`  ${row.said.trim()}`);
}

// Rows by rate; each row of Parley's is kept for the verdict about deliveries.
const allRows = [];
async function table(title, args, rates, peerRates = []) {
	const rows = {};
	printHeader(title);
	for (const rate of rates) {
		const row = await measured(withServer, [...args, '--rate', rate, '--seconds', options.seconds, '--warmup', options.quick ? 1 : 2]);
		rows[rate] = row;
		allRows.push(row);
		printRow(row);
	}
	for (const rate of options.peer ? peerRates : [])
		printRow(await measured(withPeer, [...args, '--peer', 'ws-broadcast', '--rate', rate, '--seconds', Math.min(options.seconds, 5),
			'--warmup', 1, '--drain', 10]));
	return rows;
}

// --- targets --------------------------------------------------------------------------------------------------------------------------------

const verdicts = [];
function target(name, figure, bound, unit, met = figure <= bound) {
	verdicts.push({ name, figure, bound, unit, met });
}

function delayAndCost(name, rows, low, high) {
	target(`${name}: delivery p99 at ${high}/s, within twice that at ${low}/s`, rows[high].delivery_ms.p99, 2 * rows[low].delivery_ms.p99, 'ms');
	target(`${name}: server CPU per delivery at ${high}/s, at most 1/15 of that at ${low}/s`, rows[high].cpu_per_delivery_us,
		rows[low].cpu_per_delivery_us / 15, 'us');
}

const PARTS = {
	async room1000() {
		const rows = await table('One room of 1000 connections, 10 of them send', ['--readers', 1000], [20, 80, 300, 600, 1500], [20, 80, 300]);
		delayAndCost('1000 readers', rows, 20, 1500);
	},
	async room5000() {
		const rows = await table('One room of 5000 connections, 10 of them send', ['--readers', 5000], [4, 20, 100, 300], [4, 20]);
		delayAndCost('5000 readers', rows, 4, 300);
	},
	async 'many-rooms'() {
		await table('1000 connections in 50 rooms each (1000 rooms of 50), all of them send',
			['--rooms', 1000, '--readers', 50, '--rooms-per-reader', 50, '--publishers', 1000], [100, 1000]);
	},
	async 'small-rooms'() {
		const rows = await table('100 rooms of 10 connections, one in each sends', ['--rooms', 100, '--readers', 10, '--publishers', 100], [100, 1000]);
		target('100 rooms of 10: acknowledgement p99 at 1000/s', rows[1000].ack_ms.p99, 5, 'ms', rows[1000].ack_ms.p99 < 5);
	},
	async saturation() {
		printHeader('Saturation: 100 rooms of 1, every sender with 32 messages outstanding');
		const row = await measured(withServer, ['--saturate', '--rooms', 100, '--readers', 1, '--publishers', 100, '--seconds', options.seconds]);
		allRows.push(row);
		printRow(row);
		target('acknowledged messages a second at saturation, at least', row.rate_achieved, 20000, '/s', row.rate_achieved >= 20000);
	},
	async idle() {
		const n = options.quick ? 5000 : 15000;
		console.log(`\n${n} idle signed-in connections`);
		for (const how of ['guest', 'token']) {
			const row = await withServer((server) => loadOn(server, ['--idle', n, '--sign-in', how]));
			console.log(`  by ${how}: ${(row.bytes_each / 1024).toFixed(2)} KiB each, ${row.sign_in_cpu_us.toFixed(0)} us of server CPU per sign-in, ` +
				`all in ${row.seconds.toFixed(1)} s, RSS ${row.server_rss_mib.toFixed(1)} MiB`);
			if (how === 'guest') // the other server served twice as many sign-ins and kept memory from them
				target(`process memory per idle connection at ${n}`, row.bytes_each / 1024, 2.5, 'KiB');
			target(`server CPU to sign in by ${how}`, row.sign_in_cpu_us, 250, 'us');
		}
	},
	async storm() {
		const n = options.quick ? 1000 : 5000;
		console.log(`\n${n} connections come back at once and resume, while 100 rooms of 10 go on with 200 messages a second`);
		for (const limited of [[], ['sign-ins']]) {
			const row = await withParley(parleyd, (server) => stormOn(parley, server, n), { limited });
			console.log(`  ${limited.length > 0 ? 'with the default of --limit-sign-ins' : 'without a limit of sign-ins'}: half back after ` +
				`${row.half_seconds.toFixed(1)} s, all after ${row.seconds.toFixed(1)} s; ${row.deferred} told to come later, at most ${row.most_tries} tries, ` +
				`${row.lost} connections lost; server CPU ${row.cpu_seconds.toFixed(2)} s, ${(row.cpu_seconds / n * 1e6).toFixed(0)} us each; ` +
				`others' messages: p50 ${row.delivery_ms.p50.toFixed(1)}, p99 ${row.delivery_ms.p99.toFixed(1)}, max ${row.delivery_ms.max.toFixed(1)} ms (without the storm ${row.quiet_ms.p50.toFixed(1)}, ${row.quiet_ms.p99.toFixed(1)}, ${row.quiet_ms.max.toFixed(1)})`);
			if (limited.length > 0) {
				target(`server CPU for ${n} that resume`, row.cpu_seconds, 3, 's');
				target(`delivery p99 of others while ${n} resume`, row.delivery_ms.p99, 50, 'ms');
			}
		}
	},
	async webhooks() {
		const n = options.quick ? 10000 : 30000;
		console.log('\nMessages of 50 rooms to outgoing webhooks, which were not there when they were sent');
		for (const [endpoints, order, least] of [[1, 'any', 5000], [1, 'per_room', 2000], [100, 'any']]) {
			const row = await drained(parleyd, { n: n / endpoints, endpoints, order });
			const what = `${endpoints === 1 ? 'one endpoint' : `${endpoints} endpoints`} in order ${order}`;
			console.log(`  ${what}: ${row.rate.toFixed(0)} events/s, ${row.cpu_us.toFixed(0)} us of server CPU each; of ${row.n}, ${row.repeated} came again, ${row.out_of_order} before an earlier one of the room`);
			if (least)
				target(`events a second to ${what}, at least`, row.rate, least, '/s', row.rate >= least);
			if (order === 'per_room')
				target(`events to ${what} that are out of it`, row.out_of_order, 0, '');
		}
		const delay = await delayed(parleyd, { rate: 100, seconds: options.seconds });
		console.log(`  from the sender's answer to the receiver at 100/s: p50 ${delay.p50.toFixed(2)}, p99 ${delay.p99.toFixed(2)} ms of ${delay.n}`);
		target('from commit to the receiver of a webhook, p50', delay.p50, 5, 'ms', delay.p50 < 5);
		runBehind([]); // two threads of the server share its core: the one that posts would keep the other from it
		const chat = await beside(parley, parleyd, { n, endpoints: 10, seconds: options.seconds });
		console.log(`  the chat's own deliveries: p99 ${chat.alone.delivery_ms.p99.toFixed(1)} ms alone, ${chat.meanwhile.delivery_ms.p99.toFixed(1)} ms beside ${chat.rate.toFixed(0)} posts a second` +
			`${chat.over ? ' (THESE ENDED BEFORE)' : ''}`);
		await badEndpoints();
	},
	async start() {
		const readyMs = [];
		const rssMib = [];
		for (let i = 0; i < 5; i++) {
			await withServer(async (server) => {
				readyMs.push(server.readyMs);
				rssMib.push(Number(/Rss:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8'))[1]) / 1024);
			});
		}
		console.log(`\nStart on a fresh data directory: ready after ${median(readyMs).toFixed(0)} ms, RSS ${median(rssMib).toFixed(1)} MiB (medians of 5)`);
		target('start to ready', median(readyMs), 100, 'ms', median(readyMs) < 100);
		target('resident when ready', median(rssMib), 15, 'MiB', median(rssMib) < 15);
	},
};

async function badEndpoints() {
	const list = (values, digits) => values.map((value) => value.toFixed(digits)).join(', ');
	const rows = { without: { p99: [], rss_mib: [] }, beside: { p99: [], rss_mib: [] } };
	for (let i = 0; i < (options.quick ? 3 : 5); i++) {
		for (const [name, row] of Object.entries(rows)) {
			const took = await troubled(parleyd, { endpoints: 10, bad: name === 'beside' ? ['hangs', 'endless'] : [], rate: 50, seconds: 2 * options.seconds });
			row.p99.push(took.p99);
			row.rss_mib.push(took.rss_mib);
		}
	}
	const { without, beside: with_ } = rows;
	console.log(`  ten endpoints, 50 messages/s, in turns without and beside one that hangs and one whose reply has no end: p99 ${list(without.p99, 2)} | ${list(with_.p99, 2)} ms; ` +
		`memory at the end ${list(without.rss_mib, 1)} | ${list(with_.rss_mib, 1)} MiB`);
	target('p99 of ten endpoints beside one that hangs and one whose reply has no end, of that without', median(with_.p99) / median(without.p99), 1.2, 'x');
	target('memory with these two, more than without', median(with_.rss_mib) - median(without.rss_mib), 2, 'MiB');
	const dead = await deadFor(parleyd, { dead: 900, good: 100, seconds: options.quick ? 30 : 60, events: 60 });
	console.log(`  900 dead endpoints beside 100 for an hour with 60 events: ${dead.busy_s.toFixed(1)} s of a processor for the posts, of which ${dead.failed} failed, ${dead.idle_s.toFixed(1)} s for the waiting; ${dead.rss_mib.toFixed(1)} MiB`);
	target('a core with 900 dead endpoints of 1,000', dead.share * 100, 5, '%');
}

function printVerdicts() {
	if (allRows.length > 0) {
		const missing = allRows.filter((row) => !row.whole).length;
		target('rows of Parley in which a delivery was missing, repeated or out of order', missing, 0, '');
	}
	console.log('\nwaited: share of the time in which the server was ready to run and something else had its core; late: how late messages were sent (ms)');
	console.log('\nTargets');
	for (const { name, figure, bound, unit, met } of verdicts)
		console.log(`  ${met ? 'met   ' : 'MISSED'}  ${name}: ${figure.toFixed(2)} ${unit} (target ${bound.toFixed(2)} ${unit})`);
	const missed = verdicts.filter(({ met }) => !met).length;
	console.log(`${verdicts.length - missed} met, ${missed} missed`);
	return missed === 0;
}

function buildType() {
	try {
		const known = JSON.parse(readFileSync(join(buildDir, 'meson-info', 'intro-buildoptions.json'), 'utf8'));
		return known.find(({ name }) => name === 'buildtype').value;
	} catch {
		return 'unknown';
	}
}

async function main() {
	for (const binary of [parleyd, parley]) {
		if (!existsSync(binary)) {
			console.error(`${binary} is not there: deploy/quickstart --build-only makes a release build`);
			return 1;
		}
	}
	if (options.peer && !existsSync(join(project, 'tests', 'node_modules', 'ws'))) {
		console.error("the peer's package is not there: (cd tests && npm ci --ignore-scripts) brings it, --no-peer goes without");
		return 1;
	}
	const type = buildType();
	console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores${pinned ? ', server on core 0 and load on core 1' : ' (not pinned)'}; Linux ${release()}, ` +
		`node ${process.version}; build: ${type}; storing on; windows of ${options.seconds} s`);
	if (type !== 'release')
		console.log('NOT A RELEASE BUILD: the figures mean little');
	const unknown = options.only.filter((name) => !(name in PARTS));
	if (unknown.length > 0) {
		console.error(`unknown: ${unknown.join(', ')}\n${HELP}`);
		return 2;
	}
	for (const [name, part] of Object.entries(PARTS)) {
		if (options.only.length === 0 || options.only.includes(name))
			await part();
	}
	return printVerdicts() ? 0 : 1;
}

process.exit(await main().catch((error) => {
	console.error(error.message);
	return 1;
}));
