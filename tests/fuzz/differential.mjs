// Looks for a head that the server's reader takes and Node's parser reads otherwise: method, target, version, each field in its order, the length of the body, where the next request begins.
//   node tests/fuzz/differential.mjs [--seconds 10] [--seed N] [--reader build/tests/fuzz/read_heads]
// Prints the seed, and each difference with the shortest head that shows it. What only Node takes is no difference: ours may be stricter.
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { heads, marker } from '../conformance/lib/heads.mjs';
import { nextHead, shrink } from './lib/mutate.mjs';
import { NodeReader } from './lib/node_reader.mjs';
import { OurReader } from './lib/our_reader.mjs';
import { Random } from './lib/random.mjs';

const BATCH = 256;
const DIFFERENCES_MAX = 10;
const BODY_BYTES_MAX = 100000;
const PROGRESS_MS = 60000;

const { values: options } = parseArgs({ options: {
	seconds: { type: 'string', default: '10' },
	seed: { type: 'string', default: '9112' },
	reader: { type: 'string', default: fileURLToPath(new URL('../../build/tests/fuzz/read_heads', import.meta.url)) },
} });
const ours = new OurReader(options.reader);
const node = new NodeReader();
const counts = { tried: 0, taken: 0 };

const has = ({ fields }, name, option) => fields.some((field) => name.test(field[0]) && option.test(field[1]));
// Behind a request that ends the connection, or the talk of HTTP, Node reads nothing. It takes Proxy-Connection for Connection.
const isLast = (taken) => taken.is_http_10 || has(taken, /^(proxy-)?connection$/i, /(^|[, \t])close($|[, \t])/i) || (has(taken, /^upgrade$/i, /^/) && has(taken, /^(proxy-)?connection$/i, /upgrade/i));
// What Node refuses although RFC 9112 has it so: a tab behind a length is white space like any other.
const isKnownRefusal = (error, bytes) => error === 'HPE_INVALID_CONTENT_LENGTH' && /\ncontent-length:[ \t]*\d+ *\t[ \t]*\r\n/i.test(bytes);

function targetOf(one) {
	const [, authority, rest] = /^https?:\/\/([^/?]*)(.*)$/i.exec(one.target) ?? [null, undefined, one.target];
	const question = rest.indexOf('?');
	return { authority, path: (question < 0 ? rest : rest.slice(0, question)) || '/', query: question < 0 ? null : rest.slice(question + 1) };
}

// What of a head that was taken Node reads otherwise; undefined: nothing.
function differenceOf(bytes, taken, reading, n_body, hasMarker) {
	const [one, next, ...more] = reading.requests;
	if (!one) {
		return isKnownRefusal(reading.error, bytes) ? undefined : `Node: ${reading.error ?? 'nothing'}`;
	}
	const { authority, path, query } = targetOf(one);
	const host = authority ?? one.fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? null;
	const theirs = { method: one.method, version: one.version, path, query, host, fields: one.fields, n_body: one.body.length };
	const mine = { method: taken.method, version: taken.is_http_10 ? '1.0' : '1.1', path: taken.path, query: taken.query, host: taken.host, fields: taken.fields, n_body };
	for (const part of Object.keys(mine)) {
		if (JSON.stringify(mine[part]) !== JSON.stringify(theirs[part])) {
			return `${part}: ${JSON.stringify(mine[part])} here, ${JSON.stringify(theirs[part])} there`;
		}
	}
	if (!one.whole) {
		return `Node waits for more of the body: ${reading.error}`;
	}
	const isNextRight = hasMarker ? next?.target === '/healthz' && next.whole : !next;
	return isNextRight && more.length === 0 ? undefined : `the next request: ${JSON.stringify(next ?? reading.error ?? null)}`;
}

async function difference(bytes) {
	const taken = await ours.read(bytes);
	counts.tried++;
	if (taken.result !== 'whole') {
		return undefined;
	}
	counts.taken++;
	const n_body = Math.max(0, taken.content_length);
	if (n_body > BODY_BYTES_MAX) {
		return undefined;
	}
	const hasMarker = !isLast(taken);
	const reading = await node.read(bytes.slice(0, taken.n_bytes) + 'b'.repeat(n_body) + (hasMarker ? marker : ''));
	return differenceOf(bytes, taken, reading, n_body, hasMarker);
}

const found = [];
async function tryAll(batch) {
	const all = await Promise.all(batch.map(difference));
	for (const [i, what] of all.entries()) {
		if (what !== undefined && found.length < DIFFERENCES_MAX) {
			const kind = what.replace(/:.*/s, '');
			const head = await shrink(batch[i], async (less) => (await difference(less))?.replace(/:.*/s, '') === kind);
			const again = await difference(head);
			if (!found.some((one) => one.what === again)) {
				found.push({ head, what: again });
				console.log(`${JSON.stringify(head)}\n    ${again}`);
			}
		}
	}
}

const random = new Random(Number(options.seed));
const until = Date.now() + Number(options.seconds) * 1000;
let nextWord = Date.now() + PROGRESS_MS;
await tryAll(heads.map(({ bytes }) => bytes));
while (Date.now() < until && found.length < DIFFERENCES_MAX) {
	await tryAll(Array.from({ length: BATCH }, () => nextHead(random)));
	if (Date.now() > nextWord) {
		nextWord += PROGRESS_MS;
		console.log(`# ${counts.tried} heads, ${counts.taken} taken, ${found.length} read otherwise`);
	}
}
ours.close();
const summary = `heads: ${counts.tried} tried, ${counts.taken} taken, ${found.length} of them read otherwise by Node ${process.version} (llhttp ${process.versions.llhttp}), seed ${options.seed}`;
console.log(`${found.length === 0 && counts.taken > 0 ? 'ok' : 'not ok'} - ${summary}`);
process.exitCode = found.length === 0 && counts.taken > 0 ? 0 : 1;
