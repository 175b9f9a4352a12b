// What the kernel knows of TCP on loopback.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { until } from './wait.mjs';

const asHex = (port) => port.toString(16).toUpperCase().padStart(4, '0');

// A port that nobody listens on now. Whoever takes it has to be ready for another who was faster.
export function freePort() {
	return new Promise((resolve, reject) => {
		const server = net.createServer().on('error', reject).listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => resolve(port));
		});
	});
}

// Bytes at the end that has localPort: written and not yet taken by its peer, come and not yet read (proc(5): tx_queue, rx_queue).
export function queuesOf(localPort, peerPort) {
	const place = new RegExp(`^ *\\d+: \\w+:${asHex(localPort)} \\w+:${asHex(peerPort)} `);
	const line = readFileSync('/proc/net/tcp', 'utf8').split('\n').find((each) => place.test(each));
	const [unsent, unread] = line ? line.trim().split(/\s+/)[4].split(':').map((bytes) => parseInt(bytes, 16)) : [0, 0];
	return { unsent, unread };
}

// Waits until the server has read what was written to it.
export async function readBy(server, raw) {
	await until(30000, 'the kernel to take all', () => raw.socket.writableLength === 0);
	await until(30000, 'the server to read all', () => queuesOf(server.port, raw.socket.localPort).unread === 0);
}
