// Sends heads as they are and tells every answer that came before the connection ended.
import { setImmediate as nextTurn } from 'node:timers/promises';
import tls from 'node:tls';
import { RawSocket } from '../../e2e/lib/raw.mjs';
import { within } from '../../e2e/lib/wait.mjs';
import { marker } from './heads.mjs';

const END_MS = 5000;

export async function connectTls(target) {
	const socket = tls.connect({ host: '127.0.0.1', port: target.port, rejectUnauthorized: false });
	await within(10000, 'the TLS handshake', new Promise((resolve, reject) => {
		socket.once('secureConnect', resolve);
		socket.once('error', reject);
	}));
	socket.removeAllListeners('error');
	return new RawSocket(socket);
}

// Reads answers in order: {status, headers, body}. `head` names, by number, the answers without a body, because the request was HEAD. Throws when the bytes are no answer.
export function parseAnswers(bytes, heads = []) {
	const answers = [];
	let rest = bytes.toString('latin1');
	while (rest !== '') {
		const end = rest.indexOf('\r\n\r\n');
		const [first, ...lines] = rest.slice(0, end).split('\r\n');
		const [, status] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*$/.exec(first) ?? [];
		if (end < 0 || !status) {
			throw new Error(`not an answer: ${JSON.stringify(rest.slice(0, 200))}`);
		}
		const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
		const n = heads.includes(answers.length) ? 0 : Number(headers['content-length'] ?? 0);
		answers.push({ status: Number(status), headers, body: rest.slice(end + 4, end + 4 + n) });
		if (rest.length < end + 4 + n) {
			throw new Error('an answer was cut short');
		}
		rest = rest.slice(end + 4 + n);
	}
	return answers;
}

// Sends the head, its body and the marker in one go, behind an earlier request when one is given; or in pieces of `pieceBytes`.
export async function ask(connect, target, head, { earlier = '', pieceBytes = Infinity } = {}) {
	const raw = await connect(target);
	try {
		const bytes = Buffer.from(earlier + head.bytes + head.body + marker, 'latin1');
		for (let at = 0; at < bytes.length && !raw.ended; at += pieceBytes) {
			raw.write(bytes.subarray(at, Math.min(bytes.length, at + pieceBytes)));
			await nextTurn();
		}
		await raw.waitEnd(END_MS).catch(() => {
			throw new Error(`the connection does not end; so far: ${JSON.stringify(raw.bytes.toString('latin1').slice(0, 300))}`);
		});
		return parseAnswers(raw.bytes, head.isHead ? [earlier ? 1 : 0] : []);
	} finally {
		raw.destroy();
	}
}

export const isMarkers = (answer) => answer?.status === 200 && answer.body === 'ok\n';

function isError(answer) {
	try {
		const { type, data } = JSON.parse(answer.body);
		return type === 'error' && typeof data.code === 'string' && typeof data.message === 'string' && /^application\/json/.test(answer.headers['content-type']);
	} catch {
		return false;
	}
}

// What is wrong with the answers to a head and the marker behind it; undefined when nothing is.
export function faultOf(head, answers) {
	const [answer, next, ...more] = answers;
	const shown = answers.map(({ status, body }) => `${status} ${JSON.stringify(body.slice(0, 60))}`).join(', ') || 'no answer';
	if (!answer || isMarkers(answer) || more.length > 0 || (next && !isMarkers(next))) {
		return shown;
	}
	const isRefused = !next && answer.status >= 400 && isError(answer) && answer.headers.connection === 'close';
	if (head.verdict === 'refused' || (head.verdict === 'either' && !next)) {
		return isRefused ? undefined : shown;
	}
	if (head.answer && !head.answer.includes(answer.status)) {
		return shown;
	}
	if (answer.status >= 400 && !head.isHead && !isError(answer)) {
		return shown;
	}
	return (head.ends ?? false) === !next ? undefined : shown;
}

// Does work(item) for each, so many at a time; gives [item, what was thrown or returned] for those that gave something.
export async function eachOf(items, atOnce, work) {
	const found = [];
	let at = 0;
	await Promise.all(Array.from({ length: atOnce }, async () => {
		while (at < items.length) {
			const item = items[at++];
			const what = await work(item).catch((e) => e.message);
			if (what !== undefined) {
				found.push([item, what]);
			}
		}
	}));
	return found;
}
