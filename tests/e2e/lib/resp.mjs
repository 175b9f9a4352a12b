// A client of Redis for tests: commands, and what is published on channels that it subscribes to (RESP2).
import net from 'node:net';
import tls from 'node:tls';

const CR_LF = Buffer.from('\r\n');

// Gives [value, end] of the reply that begins at `at`, or undefined where its end has not come. An error is an Error that is given, not thrown.
function parse(bytes, at) {
	const lineEnd = bytes.indexOf(CR_LF, at);
	if (lineEnd < 0) {
		return undefined;
	}
	const line = bytes.toString('latin1', at + 1, lineEnd);
	const next = lineEnd + 2;
	switch (String.fromCharCode(bytes[at])) {
	case '+': return [line, next];
	case '-': return [new Error(line), next];
	case ':': return [Number(line), next];
	case '$': return parseBulk(bytes, Number(line), next);
	case '*': return parseArray(bytes, Number(line), next);
	default: throw new Error(`not a reply of Redis: ${bytes.toString('latin1', at, at + 80)}`);
	}
}

function parseBulk(bytes, n, at) {
	if (n < 0) {
		return [null, at];
	}
	return bytes.length < at + n + 2 ? undefined : [bytes.toString('latin1', at, at + n), at + n + 2];
}

function parseArray(bytes, n, at) {
	const values = [];
	let end = at;
	for (let i = 0; i < n; i++) {
		const one = parse(bytes, end);
		if (!one) {
			return undefined;
		}
		values.push(one[0]);
		end = one[1];
	}
	return [n < 0 ? null : values, end];
}

const PUSHED = new Set(['message', 'smessage', 'pmessage']);
const IS_PUSH = (reply) => Array.isArray(reply) && PUSHED.has(reply[0]);

// Strings hold one byte in each character (latin1).
export class RespClient {
	constructor(socket) {
		this.socket = socket;
		this.waiting = [];
		this.bytes = Buffer.alloc(0);
		this.messages = []; // {channel, text} of what was published
		socket.on('data', (chunk) => this.receive(chunk));
		socket.on('error', (error) => this.fail(error));
		socket.on('close', () => this.fail(new Error('Redis closed the connection')));
		socket.setNoDelay?.(true);
	}

	// where: as net.connect() and, with `tls: true`, tls.connect() take it. A user and a password sign it in.
	static async connect({ user = 'default', password, tls: secure = false, ...where }) {
		const socket = secure ? tls.connect(where) : net.connect(where);
		await new Promise((resolve, reject) => {
			socket.once(secure ? 'secureConnect' : 'connect', resolve);
			socket.once('error', reject);
		});
		const client = new RespClient(socket);
		if (password !== undefined) {
			await client.command('AUTH', user, password);
		}
		return client;
	}

	receive(chunk) {
		this.bytes = Buffer.concat([this.bytes, chunk]);
		let at = 0;
		for (let one; at < this.bytes.length && (one = parse(this.bytes, at)); at = one[1]) {
			this.take(one[0]);
		}
		this.bytes = this.bytes.subarray(at);
	}

	take(reply) {
		if (IS_PUSH(reply)) {
			this.messages.push({ channel: reply.at(-2), text: reply.at(-1) });
			return;
		}
		const waiter = this.waiting.shift();
		if (reply instanceof Error) {
			waiter?.reject(reply);
		} else {
			waiter?.resolve(reply);
		}
	}

	fail(error) {
		this.closed = true;
		for (const { reject } of this.waiting.splice(0)) {
			reject(error);
		}
	}

	// One command, one reply: (S)SUBSCRIBE and its kin of one channel. An error of Redis is thrown.
	command(...words) {
		return new Promise((resolve, reject) => {
			if (this.closed) {
				reject(new Error('Redis closed the connection'));
				return;
			}
			this.waiting.push({ resolve, reject });
			const parts = words.map((word) => Buffer.from(`${word}`, 'latin1'));
			this.socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, CR_LF])]));
		});
	}

	close() {
		this.socket.destroy();
	}
}
