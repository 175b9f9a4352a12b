// Receivers of webhooks for a benchmark: usage: webhook_sink.mjs N [BAD...]. Prints their ports, those of the bad ones last, and for each line of its input what came since the line
// before: {n, first_ms, last_ms, repeated, out_of_order, at: {ROOM/SEQ: [ms of each endpoint]}}, on the clock of process.hrtime(). What bad ones get is not counted. BAD:
//   hangs    takes the request and never answers
//   endless  answers with a body that has no end
//   failing  answers 500
import http from 'node:http';

const now = () => Number(process.hrtime.bigint()) / 1e6;
let came;
let newest; // of each endpoint and room
function begin() {
	came = { n: 0, first_ms: 0, last_ms: 0, repeated: 0, out_of_order: 0, at: {} };
	newest = new Map();
}
begin();

function take(endpoint, text) {
	const at = now();
	const { type, room, seq } = JSON.parse(text);
	if (type === 'webhook.ping')
		return;
	came.first_ms ||= at;
	came.last_ms = at;
	came.n++;
	const key = `${endpoint} ${room}`;
	const before = newest.get(key) ?? { seq: 0, seen: new Set() };
	newest.set(key, before);
	if (before.seen.has(seq)) {
		came.repeated++;
		return;
	}
	if (seq < before.seq)
		came.out_of_order++;
	before.seen.add(seq);
	before.seq = Math.max(before.seq, seq);
	(came.at[`${room}/${seq}`] ??= []).push(at);
}

function pour(response) {
	const more = () => { while (!response.destroyed && response.write('x'.repeat(4096))) { /* until it is full */ } };
	response.writeHead(200).on('drain', more);
	more();
}

const bad = {
	hangs: () => {},
	endless: (_, response) => pour(response),
	failing: (request, response) => { request.resume(); response.writeHead(500).end(); },
};

const [n, ...kinds] = process.argv.slice(2);
const good = (endpoint) => (request, response) => {
	const parts = [];
	request.on('data', (part) => parts.push(part)).on('end', () => {
		take(endpoint, Buffer.concat(parts));
		response.writeHead(204).end();
	});
};
const servers = [...Array.from({ length: Number(n) }, (_, endpoint) => good(endpoint)), ...kinds.map((kind) => bad[kind])].map((answer) => http.createServer(answer));
const ports = await Promise.all(servers.map((server) => new Promise((resolve) => {
	server.keepAliveTimeout = 60_000;
	server.listen(0, '127.0.0.1', () => resolve(server.address().port));
})));
console.log(`ports ${ports.join(' ')}`);
process.stdin.setEncoding('utf8').on('data', (text) => {
	for (const word of text.trim().split('\n')) {
		const { at, ...counts } = came;
		console.log(JSON.stringify(word === 'count' ? counts : { ...counts, at }));
		if (word === 'end')
			begin();
	}
}).on('end', () => process.exit(0));
