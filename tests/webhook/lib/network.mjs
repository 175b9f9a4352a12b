// Run in a network and a view of files of its own, by addresses.test.mjs, so that it can have every address there is and the only name server. Every address leads to this
// machine, and all ports that are asked for to receivers here: what is refused would have been answered. Prints what came of each post, in JSON.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { isIPv6 } from 'node:net';
import { WebhookAgent } from '../../e2e/lib/webhook_agent.mjs';

const PUBLIC = '8.8.8.8';
const LOCAL_PORT = 8081; // nothing listens on it but at 127.0.0.1
const [TYPE_A, TYPE_AAAA] = [1, 28];

// ---- a name server: the addresses of a name, or what gives them for each question ----

let nTurns = 0;
const NAMES = {
	localhost: ['127.0.0.1', '::1'], // with a dot behind it, which no file of hosts has
	'a.localhost': ['127.0.0.1'],
	'public.test': [PUBLIC],
	'public6.test': ['2606:4700::1111'],
	'both.test': ['127.0.0.1', '10.0.0.1', PUBLIC],
	'falls.test': [PUBLIC, '127.0.0.1'],
	'turns.test': () => [nTurns++ === 0 ? PUBLIC : '127.0.0.1'],
	'named.test': ['10.1.2.3'],
	'sub.named.test': ['10.1.2.3'],
	'other.test': ['10.1.2.3'],
};
const addressOf = (name) => (name.startsWith('v4-') ? name.slice(3, -5).replaceAll('-', '.') : name.startsWith('v6-') ? name.slice(3, -5).replaceAll('-', ':') : undefined);

function bytesOf(address) {
	if (!isIPv6(address)) {
		return Buffer.from(address.split('.').map(Number));
	}
	const hex = new URL(`http://[${address}]/`).hostname.slice(1, -1); // without IPv4 in it
	const [front, back = ''] = hex.split('::').map((half) => half.split(':').filter(Boolean));
	const groups = [...front, ...Array(8 - front.length - back.length).fill('0'), ...back];
	return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function answerTo(question) {
	let end = 12;
	const labels = [];
	for (; question[end] !== 0; end += 1 + question[end]) {
		labels.push(question.subarray(end + 1, end + 1 + question[end]).toString());
	}
	const type = question.readUInt16BE(end + 1);
	const name = labels.join('.').toLowerCase();
	const known = addressOf(name) ? [addressOf(name)] : typeof NAMES[name] === 'function' ? type === TYPE_A && NAMES[name]() : NAMES[name];
	const fitting = (known || []).filter((address) => type === (isIPv6(address) ? TYPE_AAAA : TYPE_A));
	const records = fitting.map((address) => {
		const bytes = bytesOf(address);
		const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length]); // no time to live
		return Buffer.concat([head, bytes]);
	});
	const head = Buffer.from(question.subarray(0, 12));
	head.writeUInt16BE(known === undefined ? 0x8583 : 0x8580, 2);
	head.writeUInt16BE(records.length, 6);
	head.writeUInt32BE(0, 8);
	return Buffer.concat([head, question.subarray(12, end + 5), ...records]);
}

async function startNames() {
	const socket = createSocket('udp4');
	socket.on('message', (question, from) => socket.send(answerTo(question), from.port, from.address));
	await new Promise((resolve) => {
		socket.bind(53, '127.0.0.1', resolve);
	});
}

// ---- receivers ----

const got = [];
async function listen(port, host, answer = (response) => response.end('fine')) {
	const server = createServer((request, response) => {
		got.push({ at: request.socket.localAddress.replace('::ffff:', ''), port, headers: request.headers, url: request.url });
		request.resume().on('end', () => answer(response));
	});
	await new Promise((resolve) => {
		server.listen(port, host, resolve);
	});
}

// ---- what is posted ----

const told = {};
let nPosts = 0;

// Posts of one sender. Each gives its end, its status, and where it came.
async function post(group, { allow = [], env = {} }, urls) {
	const agent = new WebhookAgent(allow, env);
	told[group] = {};
	for (const url of urls) {
		const before = got.length;
		const { end, status } = await agent.post(agent.endpoint(url), `event_${nPosts++}`);
		told[group][url] = [end, status, ...got.slice(before).map(({ at, port }) => `${at}:${port}`)];
	}
	await agent.close();
}

const refused = JSON.parse(process.argv[2]);
const hostOf = (address) => (isIPv6(address) ? `[${address}]` : address);
const nameOf = (address) => `v${isIPv6(address) ? 6 : 4}-${address.replaceAll(/[.:]/g, '-')}.test`;

await startNames();
for (const port of [80, 8080, 25]) {
	await listen(port, '::');
}
await listen(LOCAL_PORT, '127.0.0.1');
await listen(8082, '::', (response) => response.writeHead(307, { Location: `http://127.0.0.1:${LOCAL_PORT}/` }).end());
await listen(8083, '::', (response) => response.writeHead(308, { Location: `http://${PUBLIC}:8080/` }).end());
await post('refused', {}, refused.map((address) => `http://${hostOf(address)}:8080/`));
await post('named', {}, refused.map((address) => `http://${nameOf(address)}:8080/`));
await post('spelt', {}, ['localhost', 'localhost.', 'LOCALHOST.', 'a.localhost', 'a.localhost.', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '0',
	'%31%32%37.0.0.1', '[::ffff:7f00:1]', '[0:0:0:0:0:0:0:1]'].map((host) => `http://${host}:8080/`));
await post('public', {}, [`http://${PUBLIC}/`, 'http://0x08080808:8080/', 'http://public.test:8080/', 'http://public6.test:8080/', 'http://both.test:8080/', `http://${PUBLIC}:25/`]);
await post('falls', {}, [`http://falls.test:${LOCAL_PORT}/`]);
await post('first turn', {}, ['http://turns.test:8080/']);
await post('next turn', {}, ['http://turns.test:8080/']);
await post('redirect', {}, ['http://public.test:8082/', 'http://public.test:8083/']);
await post('own', {}, ['http://9.9.9.9:8080/', 'http://v4-9-9-9-9.test:8080/', 'http://[2620:fe::9]:8080/']);
await post('allowed name', { allow: ['Named.test'] }, ['http://named.test:8080/', 'http://NAMED.test.:25/', 'http://sub.named.test:8080/', 'http://other.test:8080/', 'http://10.1.2.3:8080/']);
await post('allowed network', { allow: ['10.1.0.0/16', '::1'] }, ['http://named.test:8080/', 'http://other.test:25/', 'http://[::ffff:10.1.2.3]:8080/', 'http://10.2.0.1:8080/', 'http://[::1]:8080/', 'http://127.0.0.1:8080/']);
const proxy = 'http://127.0.0.1:8080';
const proxies = Object.fromEntries(['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].map((name) => [name, proxy]));
await post('proxy', { env: { ...proxies, HOME: process.argv[3], CURL_HOME: process.argv[3] } }, ['http://public.test/', 'http://10.0.0.1/']);
told.authorization = got.map(({ headers }) => headers.authorization).filter(Boolean);
console.log(JSON.stringify(told));
process.exit(0);
