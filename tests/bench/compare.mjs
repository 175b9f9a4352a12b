// One table before and after: each row is measured in turns on two builds, by the same load. Not a test: figures depend on the machine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { command } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { REALTIME, load, median, printed, runBehind, withParley } from './lib.mjs';

const HELP = `usage: tests/bench/compare BEFORE_BUILD AFTER_BUILD [--only NAME]... [--seconds N] [--repeat N] [--idle N] [--instructions] [--realtime]

  --only NAME      rows whose name begins so (repeatable)
  --seconds N      length of each measured window (default 3)
  --repeat N       turns: before, after, before, after, … (default 3)
  --idle N         idle connections (default 10000)
  --instructions   count instructions in place of time, by valgrind: slow. Only a calm machine compares: one in arrears makes larger batches
  --realtime       servers and load run before what else the machine does (chrt -f 10)

AFTER_BUILD's \`parley bench\` is the load for both. ratio: after by before; spread: how far the single measurements are from their median, at most.
System calls and switches (of all threads, given up or taken away) depend less on what else the machine does than time does. perf counts the calls; without it they are left out.`;

const { values: options, positionals: builds } = parseArgs({ allowPositionals: true, options: {
	only: { type: 'string', multiple: true, default: [''] }, seconds: { type: 'string', default: '3' }, repeat: { type: 'string', default: '3' },
	idle: { type: 'string', default: '10000' }, instructions: { type: 'boolean' }, realtime: { type: 'boolean' }, help: { type: 'boolean' },
} });
if (options.help || builds.length !== 2) {
	console.log(HELP);
	process.exit(options.help ? 0 : 2);
}
const servers = builds.map((build) => resolve(build, 'server', 'parleyd'));
const parley = resolve(builds[1], 'protocol', 'parley');
const seconds = Number(options.seconds);
const countsCalls = spawnSync('perf', ['stat', '-e', 'raw_syscalls:sys_enter', 'true']).status === 0;
runBehind(options.realtime ? REALTIME : []);

// --- what the system says of a process --------------------------------------------------------------------------------------------------------

const ofTasks = (pid, file) => readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/${file}`, 'utf8'));
const sum = (values) => values.reduce((all, value) => all + value, 0);
const cpuUs = (pid) => sum(ofTasks(pid, 'schedstat').map((text) => Number(text.split(' ')[0]))) / 1000;
const switches = (pid) => sum(ofTasks(pid, 'status').flatMap((text) => [...text.matchAll(/ctxt_switches:\s+(\d+)/g)].map(([, n]) => Number(n))));
const rssMib = (pid) => Number(/Rss:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;

// System calls of a process within a time; null where perf cannot count them.
async function calls(pid, ms) {
	if (!countsCalls) {
		await sleep(ms);
		return null;
	}
	const { said } = await printed(1, 'perf', ['stat', '-x', ',', '-e', 'raw_syscalls:sys_enter', '-p', pid, '--', 'sleep', ms / 1000]);
	return Number(said.split(',')[0]);
}

// --- loads: each gives {figure: number} -------------------------------------------------------------------------------------------------------

const eventsOf = async (server) => (await metricsOf(server)).get('parley_events_in_total');

// A room has an event when it is made, and one for each who joins: those who read, and who made it.
const setupEvents = ({ rooms, readers }) => rooms * (readers + 2);

// What each message costs the server in the middle of the load, in calls and switches.
async function countWithin(server, shape) {
	const steady = setupEvents(shape) + shape.rate / 2;
	while (await eventsOf(server) < steady) {
		await sleep(50);
	}
	const [events, switched] = [await eventsOf(server), switches(server.pid)];
	const called = await calls(server.pid, seconds * 1000);
	const n = await eventsOf(server) - events;
	return { ...(called === null ? {} : { 'calls/message': called / n }), 'switches/message': (switches(server.pid) - switched) / n };
}

async function paced(server, shape, per) {
	const args = ['rooms', 'readers', 'publishers', 'rate'].flatMap((name) => [`--${name}`, shape[name]]);
	const [figures, counted] = await Promise.all([load(parley, server, [...args, '--seconds', seconds, '--warmup', 1]), countWithin(server, shape)]);
	if (!figures.whole) {
		throw new Error(figures.said);
	}
	return { [`CPU us/${per}`]: figures[`cpu_per_${per}_us`], ...counted, 'ack p50 ms': figures.ack_ms.p50, 'delivery p99 ms': figures.delivery_ms.p99 };
}

async function saturation(server) {
	const figures = await load(parley, server, ['--saturate', '--rooms', 100, '--readers', 1, '--publishers', 100, '--seconds', seconds]);
	return { 'acknowledged/s': figures.rate_achieved, 'CPU us/message': figures.cpu_per_message_us };
}

async function idle(server, how) {
	const figures = await load(parley, server, ['--idle', options.idle, '--sign-in', how]);
	return { 'KiB/connection': figures.bytes_each / 1024, 'CPU us/sign-in': figures.sign_in_cpu_us, 'RSS MiB': figures.server_rss_mib };
}

const POSTERS = 8;
async function postMessages(server, n) {
	const { token } = await command(server, 'account.create', { name: 'poster', password: 'correct horse battery' });
	await command(server, 'room.create', { name: 'posted' }, { token });
	const agent = new http.Agent({ keepAlive: true, maxSockets: POSTERS });
	const body = JSON.stringify({ room: 'posted', text: 'x'.repeat(160) });
	const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Content-Length': body.length };
	const post = () => new Promise((done, fail) => {
		http.request(`${server.url}/api/v1/message.send`, { method: 'POST', agent, headers }, (answer) => {
			answer.on('end', () => (answer.statusCode === 200 ? done() : fail(new Error(`POST: ${answer.statusCode}`)))).resume();
		}).on('error', fail).end(body);
	});
	let left = n;
	const poster = async () => {
		while (left-- > 0) {
			await post();
		}
	};
	await post();
	const [cpu, switched] = [cpuUs(server.pid), switches(server.pid)];
	await Promise.all(Array.from({ length: POSTERS }, poster));
	agent.destroy();
	return { 'CPU us/POST': (cpuUs(server.pid) - cpu) / n, 'switches/POST': (switches(server.pid) - switched) / n };
}

const ROOM_1000 = { rooms: 1, readers: 1000, publishers: 10 };
const SMALL = { rooms: 100, readers: 10, publishers: 100 };
const TIMED = {
	start: async (server) => ({ 'ready ms': server.readyMs, 'RSS MiB': rssMib(server.pid) }),
	saturation,
	'small-rooms 100/s': (server) => paced(server, { ...SMALL, rate: 100 }, 'message'),
	'small-rooms 1000/s': (server) => paced(server, { ...SMALL, rate: 1000 }, 'message'),
	'room1000 20/s': (server) => paced(server, { ...ROOM_1000, rate: 20 }, 'delivery'),
	'room1000 300/s': (server) => paced(server, { ...ROOM_1000, rate: 300 }, 'delivery'),
	'room5000 100/s': (server) => paced(server, { ...ROOM_1000, readers: 5000, rate: 100 }, 'delivery'),
	POST: (server) => postMessages(server, 3000),
	'idle guest': (server) => idle(server, 'guest'),
	'idle token': (server) => idle(server, 'token'),
};

// Each: what is done n times, and how many; instructions are the difference by n of two runs.
const COUNTED = {
	start: { counts: [0, 1], run: async () => {}, isWhole: true },
	'message to a small room': { counts: [300, 1300], run: (server, n) => paceExactly(server, { ...SMALL, rate: 100 }, n) },
	'message to a room of 1000': { counts: [40, 140], run: (server, n) => paceExactly(server, { ...ROOM_1000, rate: 10 }, n) },
	'POST': { counts: [200, 1200], run: postMessages },
	'sign-in by guest': { counts: [200, 1200], run: (server, n) => load(parley, server, ['--idle', n, '--sign-in', 'guest']) },
	'sign-in by token': { counts: [200, 1200], run: (server, n) => load(parley, server, ['--idle', n, '--sign-in', 'token']) },
};

const paceExactly = (server, { rooms, readers, publishers, rate }, n) => load(parley, server,
	['--rooms', rooms, '--readers', readers, '--publishers', publishers, '--rate', rate, '--seconds', n / rate, '--warmup', 0]);

async function instructionsOf(parleyd, run) {
	const dir = mkdtempSync(join(tmpdir(), 'parley-compare-'));
	const out = join(dir, 'counted');
	try {
		await withParley(parleyd, run, { wrap: ['valgrind', '--tool=callgrind', `--callgrind-out-file=${out}`], endBy: 'SIGTERM' });
		return Number(/^totals: (\d+)/m.exec(readFileSync(out, 'utf8'))[1]);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

async function instructions(parleyd, { counts: [few, many], run, isWhole }) {
	const of = (n) => instructionsOf(parleyd, (server) => run(server, n));
	return { instructions: isWhole ? await of(many) : (await of(many) - await of(few)) / (many - few) };
}

// --- the table --------------------------------------------------------------------------------------------------------------------------------

const line = (name, figure, ...numbers) => console.log(`${name.padEnd(26)} ${figure.padEnd(17)} ${numbers.map((cell) => cell.padStart(12)).join(' ')}`);
const shown = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4));
const spreadOf = (values) => Math.max(...values.map((value) => Math.abs(value / median(values) - 1)));

function printRow(name, turns) {
	for (const figure of Object.keys(turns[0][0])) {
		const [before, after] = [0, 1].map((side) => turns[side].map((figures) => figures[figure]));
		line(name, figure, shown(median(before)), shown(median(after)), (median(after) / median(before)).toFixed(3),
			`${(100 * Math.max(spreadOf(before), spreadOf(after))).toFixed(1)} %`);
	}
}

const measures = options.instructions
	? Object.entries(COUNTED).map(([name, what]) => [name, (parleyd) => instructions(parleyd, what)])
	: Object.entries(TIMED).map(([name, measure]) => [name, (parleyd) => withParley(parleyd, measure)]);

line('row', 'figure', 'before', 'after', 'ratio', 'spread');
for (const [name, measure] of measures.filter(([each]) => options.only.some((begin) => each.startsWith(begin)))) {
	const turns = [[], []];
	for (let i = 0; i < Number(options.repeat); i++) {
		for (const side of [0, 1]) {
			turns[side].push(await measure(servers[side]));
		}
	}
	printRow(name, turns);
}
process.exit(0);
