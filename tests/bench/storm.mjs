// A reconnect storm, as the clients of a server that ended make it: N of them come to one address at the same moment and resume with their tokens. One that is
// refused closes and comes back when it was told to, as web/src and parley do.
// usage: storm.mjs URL N ROOMS. Says "ready" when each has its token; begins with a line on standard input; prints one JSON object.
import net from 'node:net';

const [url, nText, roomsText] = process.argv.slice(2);
const N = Number(nText);
const ROOMS = Number(roomsText);
const { hostname, port } = new URL(url);
const AT_ONCE = 64; // while the tokens are made
const UPGRADE = `GET /ws HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

// A text frame with a mask of zeros.
function frame(value) {
	const payload = Buffer.from(JSON.stringify(value));
	const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]) : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
	return Buffer.concat([head, payload]);
}

// Calls take(type, message, socket) for each text frame; lost() when the connection ends.
function open(take, lost) {
	const socket = net.connect({ host: hostname, port, noDelay: true });
	let rest = Buffer.alloc(0);
	let isUpgraded = false;
	socket.on('connect', () => socket.write(UPGRADE));
	socket.on('data', (bytes) => {
		rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
		if (!isUpgraded) {
			const end = rest.indexOf('\r\n\r\n');
			if (end < 0)
				return;
			isUpgraded = true;
			rest = rest.subarray(end + 4);
		}
		while (rest.length >= 4) {
			const short = rest[1];
			const from = short < 126 ? 2 : 4;
			const n = short < 126 ? short : rest.readUInt16BE(2);
			if (rest.length < from + n)
				return;
			if (rest[0] === 0x81)
				take(JSON.parse(rest.subarray(from, from + n)), socket);
			rest = rest.subarray(from + n);
		}
	});
	socket.on('error', () => {});
	socket.on('close', lost);
	return socket;
}

function makeClient(number, rooms) {
	return new Promise((resolve, reject) => {
		const client = { number };
		const signIn = (socket) => socket.write(frame({ type: 'session.start', ref: 1, data: { guest: `Storm ${number}` } }));
		open((message, socket) => {
			if (message.type === 'hello') {
				signIn(socket);
			} else if (message.type === 'ok' && message.ref === 1) {
				client.token = message.data.token;
				socket.write(frame(rooms.length < ROOMS ? { type: 'room.create', ref: 2, data: { name: `storm ${number}` } }
					: { type: 'room.join', ref: 2, data: { room: rooms[number % ROOMS] } }));
			} else if (message.type === 'ok' && message.ref === 2) {
				client.room = message.data.id;
				client.seq = message.data.last_seq;
				socket.end();
			} else if (message.type === 'error' && message.data.code === 'rate_limited') {
				setTimeout(signIn, message.data.retry_after_ms, socket);
			} else if (message.type === 'error') {
				reject(new Error(`${message.data.code}: ${message.data.message}`));
			}
		}, () => (client.room ? resolve(client) : reject(new Error('a connection was lost'))));
	});
}

async function makeClients() {
	const clients = [];
	const rooms = [];
	while (rooms.length < ROOMS) {
		clients.push(await makeClient(clients.length, rooms));
		rooms.push(clients.at(-1).room);
	}
	let next = clients.length;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (next < N)
			clients.push(await makeClient(next++, rooms));
	}));
	return clients;
}

function storm(clients) {
	const began = process.hrtime.bigint();
	const seconds = () => Number(process.hrtime.bigint() - began) / 1e9;
	const figures = { n: clients.length, resumed: 0, deferred: 0, lost: 0, most_tries: 0 };
	const times = [];
	return new Promise((resolve) => {
		const come = (client) => {
			let afterMs = 1000;
			client.tries = (client.tries ?? 0) + 1;
			figures.most_tries = Math.max(figures.most_tries, client.tries);
			open((message, socket) => {
				if (message.type === 'hello') {
					socket.write(frame({ type: 'session.start', ref: 1, data: { token: client.token, resume: { [client.room]: client.seq } } }));
				} else if (message.type === 'ok') {
					client.isBack = true;
					times.push(seconds());
					figures.resumed++;
					if (figures.resumed === clients.length) {
						times.sort((a, b) => a - b);
						resolve({ ...figures, half_seconds: times[times.length >> 1], seconds: times.at(-1) });
					}
				} else if (message.type === 'error') {
					figures.deferred++;
					afterMs = message.data.retry_after_ms;
					socket.end();
				}
			}, () => {
				if (client.isBack)
					return;
				if (afterMs === 1000)
					figures.lost++;
				setTimeout(() => come(client), afterMs);
			});
		};
		clients.forEach(come);
	});
}

const clients = await makeClients();
console.log('ready');
await new Promise((resolve) => process.stdin.once('data', resolve));
console.log(JSON.stringify(await storm(clients)));
process.exit(0);
