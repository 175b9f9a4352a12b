// A process of its own that holds connections to a server and does not let them come to anything: forked with a JSON of {port, n, addresses, kind} as its argument. One that the server closes is made again
// a second later. Tells its parent {held, made, refused} each tenth of a second; ends with it.
import net from 'node:net';

const { port, n, addresses, kind } = JSON.parse(process.argv[2]);
const AGAIN_MS = 1000;
const DRIP_MS = 1000;
const OPENING_AT_ONCE = 100;

// The beginning of a ClientHello that says how long it is going to be.
const HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...Array.from({ length: 32 }, (_, i) => i), 0]);

// What is sent at once, and what follows each second.
const KINDS = {
	silent: ['', ''],
	'dripping a head': ['GET /healthz HTTP/1.1\r\nHost: x\r\nX-Drip: ', 'y'],
	'dripping a body': ['POST /api/v1/session.start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{', ' '],
	'TLS without an end': [HELLO, ''],
};

const [first, drip] = KINDS[kind];
const state = { held: 0, made: 0, refused: 0 };
const sockets = new Set();
let opening = 0;
const waiting = Array.from({ length: n }, (_, i) => i);

function hold(slot) {
	let isHeld = false;
	opening++;
	const address = slot % addresses;
	const socket = net.connect({ port, host: '127.0.0.1', localAddress: `127.1.${address >> 7}.${1 + (address & 127)}` }, () => {
		isHeld = true;
		opening--;
		state.held++;
		state.made++;
		sockets.add(socket);
		if (first.length > 0) {
			socket.write(first);
		}
	});
	socket.on('data', () => {});
	socket.on('error', () => {});
	socket.on('close', () => {
		if (isHeld) {
			state.held--;
			sockets.delete(socket);
		} else {
			opening--;
			state.refused++;
		}
		setTimeout(() => waiting.push(slot), AGAIN_MS);
	});
}

setInterval(() => {
	while (waiting.length > 0 && opening < OPENING_AT_ONCE) {
		hold(waiting.shift());
	}
}, 5);
if (drip) {
	setInterval(() => sockets.forEach((socket) => socket.write(drip)), DRIP_MS);
}
setInterval(() => process.send?.(state), 100);
process.on('disconnect', () => process.exit(0));
