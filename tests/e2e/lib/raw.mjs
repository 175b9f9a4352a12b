// A raw TCP socket: bytes out, HTTP responses and WebSocket frames in. For bytes that a well-behaved library never sends.
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import { within } from './wait.mjs';

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='; // RFC 6455 section 1.3
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

export class RawSocket {
	constructor(socket) {
		this.socket = socket;
		this.bytes = Buffer.alloc(0);
		this.ended = false;
		this.listeners = new Set();
		socket.on('data', (chunk) => {
			this.bytes = Buffer.concat([this.bytes, chunk]);
			this.wake();
		});
		for (const event of ['end', 'close', 'error']) {
			socket.on(event, () => {
				this.ended = true;
				this.wake();
			});
		}
	}

	// options: of net.connect, as localAddress.
	static async connect(target, options = {}) {
		const to = target.socketPath ? { path: target.socketPath } : { port: target.port, host: '127.0.0.1' };
		const socket = net.connect({ ...to, ...options });
		socket.setNoDelay(true);
		await within(30000, 'the TCP connection', new Promise((resolve, reject) => {
			socket.once('connect', resolve);
			socket.once('error', reject);
		}));
		socket.removeAllListeners('error');
		return new RawSocket(socket);
	}

	wake() {
		for (const listener of this.listeners) {
			listener();
		}
	}

	write(data) {
		if (!this.socket.destroyed) {
			this.socket.write(data);
		}
		return this;
	}

	// Waits until take() gives something other than undefined; null when the peer ended first.
	wait(what, take, timeoutMs = 30000) {
		const found = new Promise((resolve) => {
			const look = () => {
				let value = take();
				if (value === undefined && this.ended) {
					value = null;
				}
				if (value !== undefined) {
					this.listeners.delete(look);
					resolve(value);
				}
			};
			this.listeners.add(look);
			look();
		});
		return within(timeoutMs, what, found);
	}

	take(n) {
		const part = this.bytes.subarray(0, n);
		this.bytes = this.bytes.subarray(n);
		return part;
	}

	// The head of an HTTP response: {status, reason, headers (lower case)}; null when the connection ended without one.
	async readHead(timeoutMs) {
		return this.wait('the head of a response', () => {
			const end = this.bytes.indexOf('\r\n\r\n');
			if (end < 0) {
				return undefined;
			}
			const lines = this.take(end + 4).toString('latin1').trimEnd().split('\r\n');
			const [, status, reason] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(lines[0]) ?? [];
			const headers = {};
			for (const line of lines.slice(1)) {
				const colon = line.indexOf(':');
				headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
			}
			return { status: Number(status), reason, headers };
		}, timeoutMs);
	}

	// A whole response with Content-Length or chunks, or to the end.
	async readResponse({ timeoutMs, head: headOnly = false } = {}) {
		const head = await this.readHead(timeoutMs);
		if (!head) {
			return null;
		}
		let body = Buffer.alloc(0);
		if (head.headers['content-length'] !== undefined && !headOnly) {
			const n = Number(head.headers['content-length']);
			body = (await this.wait('the body of a response', () => (this.bytes.length >= n ? this.take(n) : undefined), timeoutMs)) ?? this.take(this.bytes.length);
		} else if (head.headers['transfer-encoding'] === 'chunked') {
			body = await this.readChunks(timeoutMs);
		}
		return { ...head, body: body.toString('utf8') };
	}

	async readChunks(timeoutMs) {
		const parts = [];
		for (;;) {
			const part = await this.wait('a chunk', () => {
				const end = this.bytes.indexOf('\r\n');
				if (end < 0) {
					return undefined;
				}
				const n = parseInt(this.bytes.subarray(0, end).toString('latin1'), 16);
				if (this.bytes.length < end + 2 + n + 2) {
					return undefined;
				}
				this.take(end + 2);
				const bytes = this.take(n);
				this.take(2);
				return bytes;
			}, timeoutMs);
			if (part === null || part.length === 0) {
				return Buffer.concat(parts);
			}
			parts.push(part);
		}
	}

	// One frame of the server: {fin, rsv, opcode, payload, masked}; null when the connection ended.
	readFrame(timeoutMs) {
		return this.wait('a frame', () => {
			const b = this.bytes;
			if (b.length < 2) {
				return undefined;
			}
			let n = b[1] & 0x7f;
			let at = 2;
			if (n === 126) {
				if (b.length < 4) {
					return undefined;
				}
				n = b.readUInt16BE(2);
				at = 4;
			} else if (n === 127) {
				if (b.length < 10) {
					return undefined;
				}
				n = Number(b.readBigUInt64BE(2));
				at = 10;
			}
			if (b.length < at + n) {
				return undefined;
			}
			const all = this.take(at + n);
			return { fin: (all[0] & 0x80) !== 0, rsv: (all[0] >> 4) & 7, opcode: all[0] & 15, masked: (all[1] & 0x80) !== 0, payload: Buffer.from(all.subarray(at)) };
		}, timeoutMs);
	}

	// Reads frames until one of this opcode; null when the connection ended first.
	async readOpcode(opcode, timeoutMs) {
		for (;;) {
			const frame = await this.readFrame(timeoutMs);
			if (!frame || frame.opcode === opcode) {
				return frame;
			}
		}
	}

	// The next text frame, parsed.
	async readMessage(timeoutMs) {
		const frame = await this.readOpcode(1, timeoutMs);
		return frame && JSON.parse(frame.payload.toString('utf8'));
	}

	// How the server ends the WebSocket: {code} of its close frame (undefined when it had none), null when it just ended.
	async readClose(timeoutMs) {
		const frame = await this.readOpcode(8, timeoutMs);
		return frame && { code: frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : undefined, reason: frame.payload.subarray(2).toString('utf8') };
	}

	waitEnd(timeoutMs) {
		return this.wait('the end of the connection', () => (this.ended ? true : undefined), timeoutMs);
	}

	destroy() {
		this.socket.destroy();
	}

	reset() {
		this.socket.resetAndDestroy();
	}
}

// The request of a handshake; headers with value null are left out.
export function upgradeRequest({ method = 'GET', path = '/ws', version = 'HTTP/1.1', headers = {} } = {}) {
	const all = { Host: '127.0.0.1', Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13', ...headers };
	const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
	return `${method} ${path} ${version}\r\n${lines.join('\r\n')}\r\n\r\n`;
}

// A frame of a client. `mask: null` leaves it unmasked; `lengthForm` 7, 16 or 64 forces a form of the length; `announce` lies about it.
export function frame({ opcode = 1, payload = '', fin = true, rsv = 0, mask = randomBytes(4), lengthForm, announce } = {}) {
	const body = Buffer.from(payload);
	const n = announce ?? body.length;
	const form = lengthForm ?? (n < 126 ? 7 : n < 65536 ? 16 : 64);
	const head = Buffer.alloc(form === 7 ? 2 : form === 16 ? 4 : 10);
	head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
	head[1] = (mask ? 0x80 : 0) | (form === 7 ? n : form === 16 ? 126 : 127);
	if (form === 16) {
		head.writeUInt16BE(n, 2);
	} else if (form === 64) {
		head.writeBigUInt64BE(BigInt(n), 2);
	}
	if (!mask) {
		return Buffer.concat([head, body]);
	}
	return Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4])]);
}

export function closePayload(code, reason = '') {
	const head = Buffer.alloc(2);
	head.writeUInt16BE(code);
	return Buffer.concat([head, Buffer.from(reason)]);
}

// A WebSocket whose handshake is done and whose hello was read.
export async function openWebSocket(target, { headers, path } = {}) {
	const raw = await RawSocket.connect(target);
	raw.write(upgradeRequest({ headers, path }));
	raw.head = await raw.readHead();
	raw.hello = raw.head?.status === 101 ? await raw.readMessage() : undefined;
	return raw;
}
