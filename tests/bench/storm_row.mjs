// The row of a reconnect storm: storm.mjs beside `parley bench`, whose window begins and ends with the storm, about.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuOf, load, startProgram, stop } from './lib.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const ROOMS = 100; // of those who come back
const OTHERS = ['--rooms', 100, '--readers', 10, '--publishers', 100, '--rate', 200];
const WARM_UP_SECONDS = 2;
const WINDOW_SECONDS = 8;
const SETTLED_MS = 300;

async function sessionsOf(server) {
	return Number(/^parley_sessions (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())[1]);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Its lines as they come: next() gives one, or fails with the program.
function linesOf(child) {
	let out = '';
	let said = '';
	let wake = () => {};
	let ended = false;
	child.stdout.on('data', (text) => { out += text; wake(); });
	child.stderr.on('data', (text) => { said += text; });
	child.on('close', () => { ended = true; wake(); });
	return async () => {
		while (!out.includes('\n')) {
			if (ended)
				throw new Error(`storm.mjs ended: ${said}`);
			await new Promise((resolve) => { wake = resolve; });
		}
		const line = out.slice(0, out.indexOf('\n'));
		out = out.slice(line.length + 1);
		return line;
	};
}

// CPU that the others take is measured before the storm, and taken off.
export async function stormOn(parley, server, n) {
	// Never before `parley bench`, which sends and looks at its clock on the same core.
	const storm = startProgram(1, 'chrt', ['-o', 0, process.execPath, join(here, 'storm.mjs'), server.url, n, ROOMS]);
	const next = linesOf(storm);
	await next();
	const quiet = await load(parley, server, [...OTHERS, '--warmup', WARM_UP_SECONDS, '--seconds', WINDOW_SECONDS]);
	const others = load(parley, server, [...OTHERS, '--warmup', WARM_UP_SECONDS, '--seconds', WINDOW_SECONDS]);
	while (await sessionsOf(server) < 1000)
		await sleep(20);
	await sleep(SETTLED_MS + 500);
	const before = cpuOf(server.pid);
	const quietFrom = process.hrtime.bigint();
	await sleep(WARM_UP_SECONDS * 1000 - 500);
	const cpu = cpuOf(server.pid);
	const from = process.hrtime.bigint();
	const share = (cpu - before) / (Number(from - quietFrom) / 1e9);
	storm.stdin.write('go\n');
	const figures = JSON.parse(await next());
	const took = Number(process.hrtime.bigint() - from) / 1e9;
	const cpuSeconds = cpuOf(server.pid) - cpu - share * took;
	const { delivery_ms, whole } = await others;
	await stop(storm);
	return { ...figures, cpu_seconds: cpuSeconds, delivery_ms, whole, quiet_ms: quiet.delivery_ms };
}
