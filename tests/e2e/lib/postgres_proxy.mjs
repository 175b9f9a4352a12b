// The proxy of proxy.mjs in front of PostgreSQL: it reads along (protocol 3: postgresql.org/docs/current/protocol-message-formats.html), so that a connection
// can be cut, or left standing, at a chosen message: a COMMIT that never arrives, one whose answer is lost.
import { Pipe, Proxy } from './proxy.mjs';

const PROTOCOL_3 = 196608;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const FIRST_BYTES = 8; // of a message without a type: its length, then a code

const zeroEnded = (bytes, from = 0) => {
	const end = bytes.indexOf(0, from);
	return { text: bytes.toString('utf8', from, end), next: end + 1 };
};

// What a connection's client has told of its statements, by name, so that an Execute can be read.
class Reader {
	constructor() {
		this.statements = new Map();
		this.portals = new Map();
		this.isStarted = false;
		this.rest = { toServer: Buffer.alloc(0), toClient: Buffer.alloc(0) };
		this.nRefusals = 0; // answers of one byte that are to come
		this.nGroups = undefined; // that were ended in the transaction that is open and may write
	}

	// The whole messages in what has come, each {direction, type, text, bytes}. Types are PostgreSQL's letters, 'startup' for the first one. text: the SQL of Q, P, B and E towards
	// the server, which also have the group, counted from BEGIN on; the tag of C and the code of E towards the client.
	read(chunk, direction) {
		let rest = Buffer.concat([this.rest[direction], chunk]);
		const messages = [];
		for (let n; (n = this.lengthOf(rest, direction)) > 0 && n <= rest.length; rest = rest.subarray(n)) {
			messages.push({ direction, ...this.describe(rest.subarray(0, n), direction), bytes: rest.subarray(0, n) });
		}
		this.rest[direction] = rest;
		return messages;
	}

	// 0: not known yet.
	lengthOf(bytes, direction) {
		if (direction === 'toClient' && this.nRefusals > 0 && bytes.length > 0) {
			return 1;
		}
		if (direction === 'toServer' && !this.isStarted) {
			return bytes.length >= FIRST_BYTES ? bytes.readInt32BE(0) : 0;
		}
		return bytes.length >= 5 ? 1 + bytes.readInt32BE(1) : 0;
	}

	describe(bytes, direction) {
		if (direction === 'toServer' && !this.isStarted) {
			return this.describeFirst(bytes.readInt32BE(4));
		}
		if (direction === 'toClient' && this.nRefusals > 0) {
			this.nRefusals--;
			if (bytes[0] !== 'N'.charCodeAt(0)) {
				throw new Error('the proxy reads no encrypted connection: sslmode=disable, gssencmode=disable');
			}
			return { type: 'refusal', text: '' };
		}
		const type = String.fromCharCode(bytes[0]);
		const body = bytes.subarray(5);
		if (direction === 'toClient') {
			return { type, text: this.answerOf(type, body) };
		}
		const told = { type, text: this.sqlOf(type, body), group: this.nGroups };
		this.follow(told);
		return told;
	}

	follow({ type, text }) {
		if (type === 'S') { // Sync
			this.nGroups += 1; // NaN where nothing is open
		} else if (type === 'E' && /^(begin|commit|rollback)\b/i.test(text)) {
			this.nGroups = /^begin\b(?!.*read only)/i.test(text) ? 0 : undefined;
		}
	}

	describeFirst(code) {
		this.nRefusals += code === SSL_REQUEST || code === GSS_REQUEST ? 1 : 0;
		this.isStarted = code === PROTOCOL_3;
		return { type: 'startup', text: '' };
	}

	sqlOf(type, body) {
		const name = zeroEnded(body);
		if (type === 'Q') {
			return name.text;
		}
		if (type === 'P') {
			this.statements.set(name.text, zeroEnded(body, name.next).text);
			return this.statements.get(name.text);
		}
		if (type === 'B') {
			this.portals.set(name.text, this.statements.get(zeroEnded(body, name.next).text) ?? '');
			return this.portals.get(name.text);
		}
		return type === 'E' ? this.portals.get(name.text) ?? '' : '';
	}

	answerOf(type, body) {
		if (type === 'C') {
			return zeroEnded(body).text;
		}
		return type === 'E' ? /(?:^|\0)C([0-9A-Z]{5})\0/.exec(body.toString('latin1'))?.[1] ?? '' : '';
	}
}

class PostgresPipe extends Pipe {
	reader = new Reader();

	// Message by message: what stands before the one that is waited for still passes.
	receive(chunk, lane, to, direction) {
		for (const message of this.reader.read(chunk, direction)) {
			if (this.isCut) {
				return;
			}
			this.proxy.seen(message);
			if (this.late) {
				this.late.push(message.bytes);
				continue;
			}
			const trap = this.proxy.takeTrap(message);
			if (trap?.how === 'late') {
				this.hold(trap, message);
				continue;
			}
			if (trap) {
				this.isCut = true;
				lane.queue = lane.queue.then(() => this.spring(trap, message));
				return;
			}
			super.receive(message.bytes, lane, to, direction);
		}
	}

	// Its client believes it lost, and the server does not know. deliver(): what was on the way arrives, and then the end.
	hold(trap, message) {
		this.late = [message.bytes];
		trap.resolve({ ...message, deliver: () => this.server.end(Buffer.concat(this.late)) });
		setImmediate(() => this.client.resetAndDestroy()); // when all has come that was sent with it
	}

	end() {
		if (this.late && !this.server.destroyed) {
			this.client.destroy();
			return;
		}
		super.end();
	}

	// What had been passed on before is with its receiver first.
	spring(trap, message) {
		if (trap.how === 'end') {
			this.client.end();
			this.server.end();
		}
		trap.resolve(message);
	}
}

// The client's COMMIT: caught there, nothing is committed.
export const isCommit = ({ direction, type, text }) => direction === 'toServer' && (type === 'Q' || type === 'E') && /\bcommit\b/i.test(text);
// What a transaction changes, and its COMMIT, where that goes together after what it asked first.
export const isSecondGroup = ({ direction, group }) => direction === 'toServer' && group === 1;
// The answer to it: caught there, all is committed and the client does not know.
export const isCommitted = ({ direction, type, text }) => direction === 'toClient' && type === 'C' && text === 'COMMIT';

export class PostgresProxy extends Proxy {
	traps = [];
	nMessages = { toServer: 0, toClient: 0 };

	makePipe(client, server) {
		return new PostgresPipe(this, client, server);
	}

	seen({ direction }) {
		this.nMessages[direction]++;
	}

	takeTrap(message) {
		const at = this.traps.findIndex(({ matches }) => matches(message));
		return at < 0 ? undefined : this.traps.splice(at, 1)[0];
	}

	// Once: the connection on which a message matches is ended ("end"), or carries nothing any more and stays open ("stand"), before that message; or is lost for its client alone, and
	// what is on the way to the server is held ("late"). Gives the message, when it has come.
	cutAt(matches, how = 'end') {
		return new Promise((resolve) => {
			this.traps.push({ matches, how, resolve });
		});
	}
}
