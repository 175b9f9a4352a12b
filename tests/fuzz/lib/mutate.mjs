// Makes heads out of parts, and others out of heads: what readers of HTTP are known to disagree about comes more often than chance would have it.
import { PREFIXES, WHOLE_NAMES } from '../../conformance/lib/header_names.mjs';
import { heads } from '../../conformance/lib/heads.mjs';

// What is sound stands beside what is not: mostly() takes the latter now and then only, so that a head with one fault is common.
const METHODS = ['GET', 'POST', 'HEAD'];
const OTHER_METHODS = ['PUT', 'OPTIONS', 'get', 'BREW', 'CONNECT', 'GE'];
const SEGMENTS = ['a', 'metrics', 'api', 'v1', 'a;b', 'a%20b', '...', '*', 'a:b', '%C3%A4', "!$&'()"];
const OTHER_SEGMENTS = ['.', '..', '', '%6d', '%2e', '%2f', '%00', '%', '\xe4', '\\'];
const QUERIES = ['', '', '?', '?a=b', '?/../', '??'];
const OTHER_QUERIES = ['?%', '?a b', '?#', '#'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const OTHER_VERSIONS = ['HTTP/1.2', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', ''];
const AUTHORITIES = ['x', 'x:80', 'y', 'x@y', '[::1]', 'x y', '', 'x/..'];
const NAMES = ['Content-Length', 'Content-Length', 'Transfer-Encoding', 'Host', 'Connection', 'Upgrade', 'Expect', 'TE', 'Keep-Alive', 'X-Test', 'Proxy-Connection', 'Content-Type', 'Trailer', 'HTTP2-Settings'];
const VALUES = ['0', '7', '07', '7, 7', '+7', '', 'chunked', 'identity', 'x', 'x:80', 'close', 'keep-alive', 'upgrade', 'Content-Length', 'websocket', 'h2c', '100-continue', 'trailers', 'a b', 'a\tb', 'a\xffb', '"a', 'a,', ';', ':', 'GET / HTTP/1.1'];
const ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n\r', '\r\n ', '\r\n\t', '\r\n\r\n', '\0\r\n', '\x0b', '\x0c', '\x85', ' \r\n', '\t\r\n', ''];
const BLANKS = [' ', '\t', '  ', ' \t', '   ', '\x0b', '\x0c', '\xa0', '\r', '\0'];

const mostly = (random, sound, others) => random.of(random.chance(0.95) ? sound : others);
const name = (random) => (random.chance(0.4) ? random.of(PREFIXES) : random.of(random.chance(0.3) ? NAMES : WHOLE_NAMES));

function target(random) {
	const path = `/${Array.from({ length: random.below(4) }, () => mostly(random, SEGMENTS, OTHER_SEGMENTS)).join('/')}${mostly(random, QUERIES, OTHER_QUERIES)}`;
	return random.chance(0.15) ? `${mostly(random, ['http://', 'https://', 'HTTP://'], ['//', '', 'http:/'])}${random.chance(0.7) ? 'x' : random.of(AUTHORITIES)}${path}` : path;
}

function made(random) {
	const lines = [`${mostly(random, METHODS, OTHER_METHODS)} ${target(random)} ${mostly(random, VERSIONS, OTHER_VERSIONS)}`];
	if (random.chance(0.95)) {
		lines.push(`Host: ${random.chance(0.8) ? 'x' : random.of(AUTHORITIES)}`);
	}
	if (random.chance(0.4)) {
		lines.push(`Content-Length: ${random.below(9)}`);
	}
	for (let n = random.below(5); n > 0; n--) {
		lines.splice(1 + random.below(lines.length), 0, `${name(random)}:${random.of(['', ' ', ' ', '\t', '  '])}${random.of(VALUES)}${random.of(['', '', '', ' ', '\t'])}`);
	}
	return `${lines.join('\r\n')}\r\n\r\n`;
}

// A place that matters: beside a separator, mostly.
function place(random, text) {
	const separators = [...text.matchAll(/[\r\n: \t]/g)].map((match) => match.index);
	const at = separators.length > 0 && random.chance(0.75) ? random.of(separators) + random.below(2) : random.below(text.length + 1);
	return Math.min(at, text.length);
}

const put = (text, at, what, instead = 0) => text.slice(0, at) + what + text.slice(at + instead);

function onLines(text, change) {
	const lines = text.split('\r\n');
	change(lines);
	return lines.join('\r\n');
}

const CHANGES = [
	(random, text) => put(text, place(random, text), String.fromCharCode(random.below(256))),
	(random, text) => put(text, place(random, text), String.fromCharCode(random.below(33))),
	(random, text) => put(text, place(random, text), random.of(BLANKS)),
	(random, text) => put(text, place(random, text), '', 1),
	(random, text) => put(text, random.below(text.length), String.fromCharCode(random.below(256)), 1),
	(random, text) => {
		const ends = [...text.matchAll(/\r\n/g)].map((match) => match.index);
		return ends.length > 0 ? put(text, random.of(ends), random.of(ENDS), 2) : text;
	},
	(random, text) => put(text, place(random, text), random.of(ENDS)),
	(random, text) => put(text, text.indexOf(':', place(random, text)) + random.below(2), random.of(BLANKS)),
	(random, text) => onLines(text, (lines) => lines.splice(random.below(lines.length), 0, random.of(lines))),
	(random, text) => onLines(text, (lines) => lines.splice(random.below(lines.length), 1)),
	(random, text) => onLines(text, (lines) => lines.splice(1 + random.below(lines.length), 0, `${name(random)}: ${random.of(VALUES)}`)),
	(random, text) => onLines(text, (lines) => lines.push(lines.splice(random.below(lines.length), 1)[0])),
	(random, text) => onLines(text, (lines) => {
		const at = random.below(lines.length);
		lines[at] = random.chance(0.5) ? lines[at].toLowerCase() : lines[at].toUpperCase();
	}),
	(random, text) => onLines(text, (lines) => {
		const at = random.below(lines.length);
		lines[at] = lines[at].replace(/^[^:]*/, random.of(PREFIXES));
	}),
	(random, text) => text.replace(/(Content-Length|Transfer-Encoding|Host)/i, (found) => found.slice(0, 1 + random.below(found.length))),
	(random, text) => text.slice(0, place(random, text)) + random.of(heads).bytes.slice(random.below(40)),
];

// Another head; n_changes is how often one that was sound is spoilt.
export function nextHead(random) {
	let text = random.chance(0.7) ? made(random) : random.of(heads).bytes;
	for (let n = random.of([0, 1, 1, 1, 2, 3]); n > 0 && text.length > 0; n--) {
		text = random.of(CHANGES)(random, text);
	}
	return text.slice(0, 4096);
}

// The shortest text for which `holds` still does that comes of taking away lines, then halves, then bytes.
export async function shrink(text, holds) {
	let best = text;
	for (let size = Math.max(1, best.length >> 1); ; size >>= 1) {
		for (let at = 0; at + size <= best.length;) {
			const less = put(best, at, '', size);
			if (await holds(less)) {
				best = less;
			} else {
				at += size;
			}
		}
		if (size <= 1) {
			return best;
		}
	}
}
