// Request heads, each with the result of a strict reader of RFC 9112. They are for every reader of heads: the server over a socket, its C function alone, and the fuzzer as seeds.
//
// A head is {kind, name, bytes (one character for each byte), verdict, …}:
//   'taken'    read: {method, path, query, host, content_length, fields} say as what; body: the bytes that belong to it
//   'refused'  an error, and nothing behind it is read
//   'either'   a reader may do either of the two, and nothing else
// `alone` is the verdict of a reader without limits, when it differs. The server handles a head that is read as every sound request, unless `answer` (the statuses) or `ends` (the connection ends) say otherwise.
import { PREFIXES, WHOLE_NAMES } from './header_names.mjs';

const BODY = '{"x":1}';

// A sound head and how it is read. `raw` stands between the other fields and the end of the head; it is read as `rawFields`.
function sound(name, { method = 'GET', target = '/nothing', version = 'HTTP/1.1', fields = [['Host', 'x']], body = '', ...read } = {}) {
	const [path, ...rest] = target.split('?');
	const lines = fields.map(([field, value]) => `${field}: ${value}\r\n`).join('');
	const length = fields.find(([field]) => field.toLowerCase() === 'content-length');
	return {
		name,
		bytes: `${method} ${target} ${version}\r\n${lines}\r\n`,
		body,
		verdict: 'taken',
		method,
		path,
		query: rest.length > 0 ? rest.join('?') : null,
		host: fields.find(([field]) => field.toLowerCase() === 'host')?.[1] ?? null,
		content_length: length ? Number(length[1]) : -1,
		fields,
		...read,
	};
}

const bad = (name, bytes, how = {}) => ({ name, bytes, verdict: 'refused', ...how });
const either = (name, bytes, how = {}) => ({ name, bytes, verdict: 'either', ...how });

const get = (...lines) => `GET /nothing HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const post = (...lines) => `POST /api/v1/nothing HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const shown = (text) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

// A command that does not exist: its body is read before it is refused, so that a wrong length shows.
const command = (name, fields, how = {}) => sound(name, { method: 'POST', target: '/api/v1/nothing', fields: [['Host', 'x'], ...fields], ...how });

// --- field names that begin like a known one ---------------------------------------------------------------------------------------------

// The library's parser searched for the rest of the name in the next line. So that line was hidden: a length, another client's address, the end of the head.
const PLACES = {
	'hides the length': (prefix) => command(`${prefix} before Content-Length`, [[prefix, 'b'], ['Content-Length', `${BODY.length}`]], { body: BODY }),
	'hides an encoding': (prefix) => bad(`${prefix} before Transfer-Encoding`, post('Host: x', `${prefix}: b`, 'Transfer-Encoding: chunked', `Content-Length: ${BODY.length}`), { body: BODY }),
	'hides the host': (prefix) => sound(`${prefix} before Host`, { fields: [[prefix, 'b'], ['Host', 'x']] }),
	'hides a second length': (prefix) => bad(`${prefix} before a second Content-Length`, post('Host: x', 'Content-Length: 0', `${prefix}: b`, `Content-Length: ${BODY.length}`), { body: BODY }),
	'hides a second host': (prefix) => bad(`${prefix} before a second Host`, get('Host: x', `${prefix}: b`, 'Host: y')),
	'last of all': (prefix) => sound(`${prefix} as the last field`, { fields: [['Host', 'x'], [prefix, 'b']] }),
	'after the length': (prefix) => command(`${prefix} after Content-Length`, [['Content-Length', `${BODY.length}`], [prefix, '']], { body: BODY }),
};
const EVERY_PLACE = ['A', 'a', 'X', 'X-', 'X-Forwarded', 'X-Forwarded-', 'X-Forwarded-Fo', 'Cache', 'If-None', 'X-Auth', 'C', 'Content', 'T', 'Transfer', 'H', 'Ho'];

function prefixes() {
	const places = Object.values(PLACES);
	const spread = PREFIXES.filter((prefix) => !EVERY_PLACE.includes(prefix)).map((prefix, i) => places[i % places.length](prefix));
	return [...EVERY_PLACE.flatMap((prefix) => places.map((place) => place(prefix))), ...spread];
}

// And with letters behind it, which makes it another name as well.
const longer = () => ['Content-Length2', 'Transfer-Encodings', 'Hosts', 'X-Forwarded-Fors', 'Content_Length', 'Transfer_Encoding']
	.map((name) => sound(`${name} is a field like any other`, { fields: [['Host', 'x'], [name, '9']] }));

const wholeNames = () => WHOLE_NAMES.flatMap((name) => [name, name.toUpperCase()]).map((name) =>
	sound(`${name} may stand once`, { fields: [['Host', 'x'], [name, 'b']] }));

// --- bytes that do not belong into a name, a value, a line -------------------------------------------------------------------------------

const CONTROLS = [0, 1, 8, 9, 0x0b, 0x0c, 0x1b, 0x7f];
const hex = (code) => `0x${code.toString(16).padStart(2, '0')}`;

function controls() {
	const heads = [];
	for (const code of CONTROLS) {
		const c = String.fromCharCode(code);
		heads.push(
			bad(`${hex(code)} before a name`, post('Host: x', `${c}Transfer-Encoding: chunked`, `Content-Length: ${BODY.length}`), { body: BODY }),
			bad(`${hex(code)} in a name`, post('Host: x', `Transfer${c}-Encoding: chunked`, `Content-Length: ${BODY.length}`), { body: BODY }),
			bad(`${hex(code)} behind a name`, post('Host: x', `Content-Length${c}: 0`, `Content-Length: ${BODY.length}`), { body: BODY }),
			bad(`${hex(code)} in the method`, `G${c}ET /nothing HTTP/1.1\r\nHost: x\r\n\r\n`),
			bad(`${hex(code)} in the target`, `GET /no${c}thing HTTP/1.1\r\nHost: x\r\n\r\n`),
			bad(`${hex(code)} in the query`, `GET /nothing?a${c}b HTTP/1.1\r\nHost: x\r\n\r\n`),
			bad(`${hex(code)} in the version`, `GET /nothing HTTP/1.1${c}\r\nHost: x\r\n\r\n`),
			bad(`${hex(code)} in Host`, get(`Host: x${c}y`)),
		);
		if (code !== 9) {
			heads.push(bad(`${hex(code)} in a value`, get('Host: x', `X-Test: a${c}b`)), bad(`${hex(code)} at the end of a length`, post('Host: x', `Content-Length: ${BODY.length}${c}`), { body: BODY }));
		}
	}
	return heads;
}

const NO_TOKEN = ['"', '(', ')', ',', '/', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}', ' ', '\x80', '\xff', '\xc3\xa4'];
const TOKEN = "!#$%&'*+-.^_`|~09azAZ";

const tokens = () => [
	...NO_TOKEN.map((c) => bad(`${shown(c)} in a name`, get('Host: x', `X${c}Test: b`))),
	...NO_TOKEN.filter((c) => c !== ' ').map((c) => bad(`${shown(c)} in the method`, `GE${c}T /nothing HTTP/1.1\r\nHost: x\r\n\r\n`)),
	...[...TOKEN].map((c) => sound(`${c} is a name`, { fields: [['Host', 'x'], [c, 'b']] })),
	bad('a field without a name', get('Host: x', ': b')),
	bad('a field without a colon', get('Host: x', 'Content-Length')),
	bad('a line of letters only', get('Host: x', 'x')),
];

const BLANKS = [' ', '\t', '  ', ' \t', '\t ', '\t\t', '   ', '    ', ' \t ', '          '];

function blanks() {
	const heads = BLANKS.flatMap((space) => ['Transfer-Encoding', 'Content-Length', 'Host', 'X-Test', 'X-Forwarded-For', 'A'].map((name) =>
		bad(`${shown(space)} between ${name} and its colon`, post('Host: x', `${name}${space}: 3`, `Content-Length: ${BODY.length}`), { body: BODY })));
	heads.push(...BLANKS.flatMap((space) => ['Transfer-Encoding', 'Content-Length', 'X-Test'].map((name) =>
		bad(`${shown(space)} before ${name}`, post('Host: x', `${space}${name}: 3`, `Content-Length: ${BODY.length}`), { body: BODY }))));
	heads.push(...BLANKS.map((space) => bad(`${shown(space)} before the first field`, `POST /api/v1/nothing HTTP/1.1\r\n${space}Host: x\r\nContent-Length: ${BODY.length}\r\n\r\n`, { body: BODY })));
	heads.push(...BLANKS.map((space) => bad(`a line of ${shown(space)}`, `GET /nothing HTTP/1.1\r\nHost: x\r\n${space}\r\n\r\n`)));
	heads.push(...BLANKS.map((space) => ({ ...command(`${shown(space)} around a length`, [['Content-Length', `${BODY.length}`]], { body: BODY }),
		bytes: post('Host: x', `Content-Length:${space}${BODY.length}${space}`) })));
	heads.push(...BLANKS.map((space) => ({ ...sound(`${shown(space)} around a value`, { fields: [['Host', 'x'], ['X-Test', 'a b']] }), bytes: get('Host: x', `X-Test:${space}a b${space}`) })));
	return heads;
}

const folds = () => BLANKS.slice(0, 4).flatMap((space) => [
	bad(`an encoding in a folded line ${shown(space)}`, post('Host: x', 'Transfer-Encoding:', `${space}chunked`, `Content-Length: ${BODY.length}`), { body: BODY }),
	bad(`a length in a folded line ${shown(space)}`, post('Host: x', 'Content-Length:', `${space}${BODY.length}`), { body: BODY }),
	bad(`a field that looks like one, in a folded line ${shown(space)}`, get('Host: x', 'X-Test: a', `${space}Transfer-Encoding: chunked`)),
	bad(`a folded line ${shown(space)}`, get('Host: x', 'X-Test: a', `${space}b`)),
	bad(`a folded Host ${shown(space)}`, get('Host: x', `${space}y`)),
	bad(`a folded last line ${shown(space)}`, get('Host: x', 'X-Test: a', space)),
]);

// --- where a line ends -------------------------------------------------------------------------------------------------------------------

function lineEnds() {
	const lines = ['POST /api/v1/nothing HTTP/1.1', 'Host: x', 'X-Test: a', `Content-Length: ${BODY.length}`, ''];
	const heads = [];
	for (const [title, end] of [['a bare LF', '\n'], ['a bare CR', '\r'], ['CR CR LF', '\r\r\n'], ['LF CR', '\n\r'], ['a NUL and CR LF', '\0\r\n'], ['VT', '\x0b']]) {
		for (let i = 0; i < lines.length; i++) {
			heads.push(bad(`${title} at the end of line ${i + 1}`, lines.map((line, at) => line + (at === i ? end : '\r\n')).join(''), { body: BODY }));
		}
		heads.push(bad(`${title} everywhere`, lines.map((line) => line + end).join(''), { body: BODY }));
		heads.push(bad(`${title} in a value, with a field behind it`, post('Host: x', `X-Test: a${end}Content-Length: 0`, `Content-Length: ${BODY.length}`), { body: BODY }));
		heads.push(bad(`${title} in a value, with an encoding behind it`, post('Host: x', `X-Test: a${end}Transfer-Encoding: chunked`, `Content-Length: ${BODY.length}`), { body: BODY }));
		heads.push(bad(`${title} in the target, with a field behind it`, `GET /nothing${end}X-Test: a HTTP/1.1\r\nHost: x\r\n\r\n`));
	}
	// The grammar reads this byte as part of a value, and a reader of Latin-1 may take it for the end of a line.
	heads.push(...lines.map((_, i) => either(`NEL at the end of line ${i + 1}`, lines.map((line, at) => line + (at === i ? '\x85' : '\r\n')).join(''), { body: BODY })));
	return heads;
}

const starts = () => [
	{ ...sound('an empty line first'), bytes: `\r\n${get('Host: x')}` },
	bad('two empty lines first', `\r\n\r\n${get('Host: x')}`),
	bad('a bare LF first', `\n${get('Host: x')}`),
	bad('a bare CR first', `\r${get('Host: x')}`),
	bad('a blank first', ` ${get('Host: x')}`),
	bad('a NUL first', `\0${get('Host: x')}`),
	bad('a byte order mark first', `\xef\xbb\xbf${get('Host: x')}`),
	bad('a field before the request line', `Host: x\r\nGET /nothing HTTP/1.1\r\n\r\n`),
	bad('a length before the request line', `Content-Length: ${BODY.length}\r\nPOST /api/v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`, { body: BODY }),
	bad('X: y before the request line', `X: y\r\n${get('Host: x')}`),
	bad('two request lines', `GET /nothing HTTP/1.1\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n`),
	bad('two request lines, the second hidden by A:', `GET /nothing HTTP/1.1\r\nA: b\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n`),
	bad('a PROXY header of version 1', `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${get('Host: x')}`),
	bad('a PROXY header of version 2', `\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x7f\0\0\x01\x9c\x40\0\x50${get('Host: x')}`),
	bad('a hello of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'),
	bad('a preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
];

// --- the request line --------------------------------------------------------------------------------------------------------------------

const line = (text) => `${text}\r\nHost: x\r\n\r\n`;

const requestLines = () => [
	sound('GET'),
	sound('HEAD', { method: 'HEAD', isHead: true }),
	command('POST', [['Content-Length', '0']]),
	...['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'get', 'Get', 'BREW', 'GETS', 'GE', 'PO', 'P', 'CONNEC', 'X', '!', 'POST1', 'G'].flatMap((method) => [
		bad(`the method ${method}`, `${method} /nothing HTTP/1.1\r\nHost: x\r\n\r\n`), bad(`the method ${method} with a body`, `${method} /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY.length}\r\n\r\n`, { body: BODY })]),
	...['GET /nothing', 'GET', '', 'GET ', 'GET  HTTP/1.1', ' GET /nothing HTTP/1.1', 'GET  /nothing HTTP/1.1', 'GET /nothing  HTTP/1.1', 'GET /nothing HTTP/1.1 ', 'GET\t/nothing\tHTTP/1.1',
		'GET /nothing\tHTTP/1.1', 'GET /nothing HTTP/1.1\tx', 'GET /no thing HTTP/1.1', 'GET /nothing HTTP/1.1 HTTP/1.1', '/nothing HTTP/1.1', 'GET/nothing HTTP/1.1', '"GET" /nothing HTTP/1.1',
		'GET nothing HTTP/1.1', 'GET . HTTP/1.1', 'GET ../nothing HTTP/1.1', 'GET ?x HTTP/1.1', 'GET * HTTP/1.1', 'OPTIONS * HTTP/1.1', 'GET x:443 HTTP/1.1', 'CONNECT x:443 HTTP/1.1', 'GET x HTTP/1.1',
		'GET \\nothing HTTP/1.1', 'GET %2fnothing HTTP/1.1', 'GET /nothing#a HTTP/1.1', 'GET /nothing?a#b HTTP/1.1'].map((text) => bad(`the line ${shown(text)}`, line(text))),
	...['HTTP/0.9', 'HTTP/2', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/1.', 'HTTP/1', 'HTTP/.1', 'HTTP/01.1', 'HTTP/1.01', 'HTTP/1.10', 'HTTP/11.1', 'HTTP/1.1.1', 'HTTP/1,1', 'HTTP/+1.1', 'HTTP/1. 1', 'HTTP /1.1',
		'http/1.1', 'Http/1.1', 'HTTPS/1.1', 'HTP/1.1', 'HTTP1.1', 'HTTP-1.1', 'ICY', 'RTSP/1.0', '1.1', 'HTTP/x.y'].map((version) => bad(`the version ${version}`, line(`GET /nothing ${version}`))),
	sound('HTTP/1.0', { version: 'HTTP/1.0', ends: true }),
	sound('HTTP/1.0 without Host', { version: 'HTTP/1.0', fields: [], ends: true }),
	sound('HTTP/1.0 that would be kept', { version: 'HTTP/1.0', fields: [['Host', 'x'], ['Connection', 'keep-alive']], ends: true }),
	sound('Connection: close', { fields: [['Host', 'x'], ['Connection', 'close']], ends: true }),
	sound('Connection: CLOSE in a list', { fields: [['Host', 'x'], ['Connection', 'x, CLOSE']], ends: true }),
];

// --- the target --------------------------------------------------------------------------------------------------------------------------

const PATHS_TAKEN = ['/', '/a', '/a/', '/a/b', '/a.b', '/.a', '/..a', '/a..', '/a./b', '/...', '/a/...', '/a;b=c', '/a:b', '/a@b', "/a!$&'()*+,=b", '/a~b', '/a_b-c', '/metricsx', '/Metrics', '/nothing?',
	'/nothing?a=b', '/nothing?a=b&c', '/nothing?/../', '/nothing?//', '/nothing??', '/nothing?a=%41'];
const PATHS_REFUSED = ['//', '//a', '/a//b', '/a//', '/.', '/./', '/..', '/../', '/./a', '/../a', '/a/.', '/a/..', '/a/./b', '/a/../b', '/a/b/../../c', '/%2e', '/%2E%2E/a', '/%2e%2e/a', '/.%2e/a', '/%2e./a', '/a/%2e%2e/b',
	'/%61', '/%7e', '/%7E', '/%2D', '/%5f', '/%41', '/%30', '/%', '/%4', '/%g0', '/%0g', '/a%', '/a%2', '/%%41', '/%u0041', '/a b', '/a"b', '/a<b', '/a>b', '/a\\b', '/a^b', '/a`b', '/a{b', '/a|b', '/a}b', '/a[b', '/a]b',
	'/a\x80b', '/\xc3\xa4', '///', '////metrics'];
const PATHS_EITHER = ['/%00', '/a%00b', '/a%2Fb', '/a%2fb', '/%20', '/%C3%A4', '/%c3%a4', '/a%0Ab', '/a%0D%0Ab', '/a%5Cb', '/a%3Fb', '/a%23b', '/a%25b', '/a%2541', '/%2F', '/%3b', '/nothing?a=%zz', '/nothing?a|b', '/nothing?a[]=b', '/nothing?a"b', '/nothing?\xe4'];
export const METRICS_SPELLINGS = ['//metrics', '///metrics', '/./metrics', '/.//metrics', '/%6detrics', '/%6Detrics', '/m%65trics', '/metric%73', '/%6d%65%74%72%69%63%73', '/r/../metrics', '/r/..//metrics', '/r/%2e%2e/metrics',
	'/r/.%2e/metrics', '/r/%2E./metrics', '/../metrics', '/%2e%2e/metrics', '/%2e/metrics', '/metrics/', '/metrics//', '/metrics/.', '/metrics/..', '/metrics/../metrics', '/metrics/./', '/metrics%00', '/metrics%20', '/metrics%0a', '/metrics%2f',
	'/metrics%2F', '/%2fmetrics', '/%2Fmetrics', '/metrics;', '/metrics;a=b', '/METRICS', '/Metrics', '/metrics.', '/metrics#', '/metrics#a', '/\\metrics', '\\metrics', '/metrics\\', '/metrics%3f', '/metrics%23', '/metrics%3Fa', '/metrics%',
	'/metrics%5c', '/healthz/../metrics', '/api/v1/../../metrics', '/api/v1/%2e%2e/%2e%2e/metrics', '/;/metrics', '/;a/../metrics', '/%252e%252e/metrics', '/%256detrics', '/metrics&', '/metrics%09', '/metrics\x80', '/%u006detrics', '/%0dmetrics'];

const targets = () => [
	...PATHS_TAKEN.map((target) => sound(`the path ${shown(target)}`, { target, answer: [200, 304, 400, 404] })),
	...PATHS_REFUSED.map((target) => bad(`the path ${shown(target)}`, line(`GET ${target} HTTP/1.1`))),
	...PATHS_EITHER.map((target) => either(`the path ${shown(target)}`, line(`GET ${target} HTTP/1.1`))),
	...METRICS_SPELLINGS.map((target) => either(`a spelling of /metrics: ${shown(target)}`, line(`GET ${target} HTTP/1.1`))),
	{ ...sound('an absolute target of the Host', { target: '/nothing' }), bytes: line('GET http://x/nothing HTTP/1.1') },
	...['http://y/nothing', 'http://x:81/nothing', 'http://x@y/nothing', 'http://y@x/nothing', 'http:/x/nothing', 'http:///nothing', 'http:nothing', '://x/nothing', 'x://x/nothing', 'ftp://x/nothing', 'http://x//metrics', 'http://x/../metrics',
		'http://x/%6detrics', 'http://x y/nothing', 'http://x\\/nothing', 'http://x/a\\b', 'http://x/#a', 'http://[x/nothing'].map((target) => bad(`the target ${shown(target)}`, line(`GET ${target} HTTP/1.1`))),
	...['http://x', 'http://x?a', 'HTTP://x/nothing', 'http://X/nothing', 'https://x/nothing', 'http://x:/nothing', 'http://x:80/nothing'].map((target) => either(`the target ${shown(target)}`, line(`GET ${target} HTTP/1.1`))),
];

// --- Host, Content-Length, Transfer-Encoding and others that may not stand twice -----------------------------------------------------------

const HOSTS_TAKEN = ['x', 'x:8080', 'chat.example', 'chat.example:443', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8080', 'a-b.c', 'X'];
const HOSTS_REFUSED = ['x y', 'x/y', 'x/', '/x', 'x?y', 'x#y', 'x@y', '@x', 'x:80:80', 'x:y', 'x:-1', 'x: 80', 'x:8 0', '[::1', '::1]', '[::1]x', '[x', 'x\\y', '"x"', '<x>', 'x^', 'x|y', 'x{', 'http://x', 'x\x80', '\xc3\xa4'];
const HOSTS_EITHER = ['', 'x:', 'x:99999999', 'x,y', 'x%20', 'x;y', "x'"];

const LENGTHS_REFUSED = ['', '+7', '-7', '-0', '+0', '0x7', '7,7', '7, 7', '7,', ',7', '7 7', '7;', '7.0', '7e0', '7a', 'a7', '"7"', "'7'", '07x', '0 7', '7\t7', '١', '\xb2', '18446744073709551623', '4294967303x', '9223372036854775808',
	'99999999999999999999999999', 'chunked', 'seven', '%37', '7_0', 'NaN', '7\0', '0b111', '0o7', '7h', '(7)'].filter((text) => [...text].every((c) => c.charCodeAt(0) < 256));

const ENCODINGS = ['chunked', 'Chunked', 'CHUNKED', ' chunked', 'chunked ', '\tchunked', '"chunked"', 'identity', 'gzip', 'gzip, chunked', 'chunked, chunked', 'chunked, identity', 'identity, chunked', 'xchunked', 'chunkedx', 'x', '', ',', 'chunked;q=1', 'cow',
	'chun\x0bked', 'chunked\x0b', '\x0bchunked', '\xffchunked'];

const lengths = () => [
	...HOSTS_TAKEN.map((host) => sound(`Host: ${host}`, { fields: [['Host', host]] })),
	...HOSTS_REFUSED.map((host) => bad(`Host: ${shown(host)}`, get(`Host: ${host}`))),
	...HOSTS_EITHER.map((host) => either(`Host: ${shown(host)}`, get(`Host: ${host}`))),
	bad('no Host', get()),
	bad('no Host but other fields', get('X-Test: a')),
	...['x', 'y', ''].flatMap((host) => ['Host', 'host', 'HOST'].map((name) => bad(`a second ${name}: ${host}`, get('Host: x', `${name}: ${host}`)))),
	...LENGTHS_REFUSED.map((value) => bad(`Content-Length: ${shown(value)}`, post('Host: x', `Content-Length: ${value}`), { body: BODY })),
	...['7', '0', '07', '+7', ''].flatMap((value) => ['Content-Length', 'content-length'].map((name) => bad(`a second ${name}: ${shown(value)}`, post('Host: x', 'Content-Length: 7', `${name}: ${value}`), { body: BODY }))),
	command('Content-Length: 0', [['Content-Length', '0']]),
	command('content-length in small letters', [['content-length', `${BODY.length}`]], { body: BODY }),
	sound('GET with Content-Length: 0', { fields: [['Host', 'x'], ['Content-Length', '0']] }),
	sound('GET with a body', { fields: [['Host', 'x'], ['Content-Length', '7']], body: BODY, answer: [400], ends: true }),
	sound('POST without a length', { method: 'POST', target: '/api/v1/nothing', answer: [411], ends: true }),
	...ENCODINGS.flatMap((value) => [bad(`Transfer-Encoding: ${shown(value)}`, post('Host: x', `Transfer-Encoding: ${value}`), { body: `7\r\n${BODY}\r\n0\r\n\r\n` }),
		bad(`Transfer-Encoding: ${shown(value)} before a length`, post('Host: x', `Transfer-Encoding: ${value}`, `Content-Length: ${BODY.length}`), { body: BODY }),
		bad(`Transfer-Encoding: ${shown(value)} behind a length`, post('Host: x', `Content-Length: ${BODY.length}`, `Transfer-Encoding: ${value}`), { body: BODY })]),
	...['transfer-encoding', 'TRANSFER-ENCODING', 'tRaNsFeR-eNcOdInG'].map((name) => bad(`${name}: chunked on GET`, get('Host: x', `${name}: chunked`), { body: '0\r\n\r\n' })),
	bad('chunks with an extension', post('Host: x', 'Transfer-Encoding: chunked'), { body: `7;a=b\r\n${BODY}\r\n0\r\n\r\n` }),
	...['Content-Type', 'Authorization', 'Origin'].map((name) => bad(`${name} twice`, post('Host: x', `${name}: a`, `${name.toLowerCase()}: a`, 'Content-Length: 0'))),
	...['X-Forwarded-For', 'Accept', 'Cache-Control', 'Via', 'X-Test'].map((name) => sound(`${name} twice`, { fields: [['Host', 'x'], [name, 'a'], [name, 'b']] })),
	bad('an expectation that nobody knows', post('Host: x', 'Content-Length: 7', 'Expect: a-miracle'), { body: BODY }),
	sound('TE', { fields: [['Host', 'x'], ['TE', 'trailers']] }),
	sound('Connection names the length', { fields: [['Host', 'x'], ['Connection', 'Content-Length'], ['Content-Length', '0']] }),
];

// --- sizes -------------------------------------------------------------------------------------------------------------------------------

const BY_SIZE = { alone: 'either' }; // the limit is the server's, not the reader's
const many = (n) => Array.from({ length: n }, (_, i) => [`X-${i}`, 'y']);

const sizes = () => [
	sound('50 fields', { fields: [['Host', 'x'], ...many(49)] }),
	bad('1000 fields', get('Host: x', ...many(1000).map(([name, value]) => `${name}: ${value}`))),
	sound('a value of 8000 bytes', { fields: [['Host', 'x'], ['X-Test', 'y'.repeat(8000)]] }),
	sound('a name of 1000 bytes', { fields: [['Host', 'x'], ['X'.repeat(1000), 'y']] }),
	sound('an empty value', { fields: [['Host', 'x'], ['X-Test', '']] }),
	sound('a value of every byte that may be there', { fields: [['Host', 'x'], ['X-Test', Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).filter((c) => c === '\t' || (c >= ' ' && c !== '\x7f')).join('').trim()]] }),
	either('a value of 15 KiB', get('Host: x', `X-Test: ${'y'.repeat(15360)}`)),
	bad('a value of 40 KiB', get('Host: x', `X-Test: ${'y'.repeat(40960)}`), BY_SIZE),
	bad('a name of 40 KiB', get('Host: x', `${'X'.repeat(40960)}: y`), BY_SIZE),
	bad('a target of 40 KiB', line(`GET /${'y'.repeat(40960)} HTTP/1.1`), BY_SIZE),
	bad('a method of 40 KiB', line(`${'G'.repeat(40960)} / HTTP/1.1`), BY_SIZE),
];

const KINDS = { 'known prefixes': prefixes, 'longer names': longer, 'whole names': wholeNames, 'control bytes': controls, tokens, blanks, 'folded lines': folds, 'line ends': lineEnds, 'the start': starts, 'the request line': requestLines, targets, 'host, length, encoding': lengths, sizes };

export const heads = Object.entries(KINDS).flatMap(([kind, make]) => make().map((head) => ({ kind, body: '', ...head })));
export const kinds = Object.keys(KINDS);
export const marker = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
