// One busy room: delay and CPU at once, in turns with a bare publish of uWebSockets under the same load. Not a test: figures depend on the machine.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDir } from '../e2e/lib/env.mjs';
import { REALTIME, load, median, runBehind, start, stop, withParley } from './lib.mjs';

const HELP = `usage: tests/bench/room [--peer PROGRAM] [--rate N]... [--readers N] [--seconds N] [--repeat N] [--server-option OPTION]... [--realtime]

  --peer PROGRAM          tests/bench/peer_uws.cpp, built; without it only Parley is measured
  --rate N                messages a second (repeatable; default 20, 80, 300, 600, 1500)
  --readers N             connections in the room (default 1000); 10 of them send
  --seconds N             length of each measured window (default 4)
  --repeat N              turns: Parley, peer, Parley, peer, … (default 5)
  --server-option OPTION  for parleyd, like --server-option=--sweep-rest=0 (repeatable)
  --realtime              servers and load run before what else the machine does (chrt -f 10)

The peer, outside of this project's folder, with GCC 10 or later:
  git clone https://github.com/uNetworking/uWebSockets && git clone https://github.com/uNetworking/uSockets
  cc -O3 -march=native -DLIBUS_NO_SSL -IuSockets/src -c uSockets/src/*.c uSockets/src/eventing/*.c
  c++ -std=c++20 -O3 -march=native -DUWS_NO_ZLIB -DLIBUS_NO_SSL -IuWebSockets/src -IuSockets/src tests/bench/peer_uws.cpp *.o -o peer_uws

Parley stores each message before it delivers it; the peer stores nothing. CPU: of the server, for each delivery. Delays: from when a message was due until it reached the
reader's kernel. BENCH_DATA names a folder for Parley's data, which are beside the build otherwise. Each figure is the median of the turns; behind it, the least and the most.`;

const { values: options } = parseArgs({ options: {
	peer: { type: 'string' }, rate: { type: 'string', multiple: true, default: ['20', '80', '300', '600', '1500'] }, readers: { type: 'string', default: '1000' },
	seconds: { type: 'string', default: '4' }, repeat: { type: 'string', default: '5' }, 'server-option': { type: 'string', multiple: true, default: [] },
	realtime: { type: 'boolean' }, help: { type: 'boolean' },
} });
if (options.help) {
	console.log(HELP);
	process.exit(0);
}
const build = process.env.BENCH_BUILD ?? buildDir;
const parleyd = join(build, 'server', 'parleyd');
const parley = join(build, 'protocol', 'parley');
runBehind(options.realtime ? REALTIME : []);

async function withPeer(use) {
	const server = await start(0, options.peer, ['0'], /^(\d+)\n/);
	try {
		return await use({ url: `http://127.0.0.1:${server.match[1]}`, pid: server.child.pid });
	} finally {
		await stop(server.child);
	}
}

const SERVERS = [
	{ name: 'Parley', use: (use) => withParley(parleyd, use, { more: options['server-option'] }), args: [] },
	...(options.peer ? [{ name: 'uWebSockets', use: withPeer, args: ['--peer', 'ws-broadcast'] }] : []),
];

async function measure(server, rate) {
	const args = ['--readers', options.readers, '--rate', rate, '--seconds', options.seconds, '--warmup', 1, '--drain', 10, ...server.args];
	const figures = await server.use((running) => load(parley, running, args));
	if (!figures.whole)
		throw new Error(`${server.name} at ${rate}/s: ${figures.said}`);
	return { ack50: figures.ack_ms.p50, ack99: figures.ack_ms.p99, cpu: figures.cpu_per_delivery_us, p50: figures.delivery_ms.p50, p99: figures.delivery_ms.p99, cores: figures.server_cores * 100, waited: figures.server_waited * 100 };
}

const COLUMNS = [['CPU us/delivery', 'cpu', 2], ['p50 ms', 'p50', 1], ['p99 ms', 'p99', 1], ['ack p50 ms', 'ack50', 2], ['ack p99 ms', 'ack99', 1], ['core %', 'cores', 0], ['waited %', 'waited', 0]];

function shown(turns, figure, digits) {
	const values = turns.map((turn) => turn[figure]);
	return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)})`;
}

console.log(`msg/s  ${'server'.padEnd(12)}${COLUMNS.map(([title]) => title.padStart(20)).join('')}`);
for (const rate of options.rate) {
	const turns = SERVERS.map(() => []);
	for (let i = 0; i < options.repeat; i++) {
		for (const [at, server] of SERVERS.entries())
			turns[at].push(await measure(server, rate));
	}
	for (const [at, server] of SERVERS.entries())
		console.log(`${rate.padStart(5)}  ${server.name.padEnd(12)}${COLUMNS.map(([, figure, digits]) => shown(turns[at], figure, digits).padStart(20)).join('')}`);
}
