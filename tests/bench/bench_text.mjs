// How long the page takes to read one message of the largest size, by the kind of its text, in milliseconds of processor time: to parse it, and to
// work out its digest (parse, summary, mention). The best of several runs; one that is not warm costs a few times that.
// usage: node tests/bench/bench_text.mjs [SOURCES]     SOURCES: the page's modules, web/src of this tree unless given
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HOSTILE, TEXT_BYTES, hostileText } from '../browser/lib/hostile.mjs';

const sources = process.argv[2] ?? fileURLToPath(new URL('../../web/src', import.meta.url));
const load = (name) => import(pathToFileURL(join(sources, name)).href);
const { parseText } = await load('text.js');
const { isMentioned } = await load('digest.js').catch(() => ({ isMentioned: null }));
const RUNS = 7, ENOUGH_MS = 2000;

function best(work) {
	let least = Infinity;
	for (let i = 0, all = 0; i < RUNS && all < ENOUGH_MS; i++) {
		const before = process.cpuUsage();
		work();
		const { user, system } = process.cpuUsage(before);
		least = Math.min(least, (user + system) / 1000);
		all += (user + system) / 1000;
	}
	return least;
}

console.log(`${'kind of text'.padEnd(36)} ${'parse ms'.padStart(10)} ${'digest ms'.padStart(10)}   (${TEXT_BYTES} bytes each)`);
for (const name of Object.keys(HOSTILE)) {
	const text = hostileText(name, TEXT_BYTES);
	const parseMs = best(() => parseText(text));
	const digestMs = isMentioned ? best(() => isMentioned({ text }, 'ann')) : NaN;
	console.log(`${name.padEnd(36)} ${parseMs.toFixed(2).padStart(10)} ${(isMentioned ? digestMs.toFixed(2) : '-').padStart(10)}`);
}
