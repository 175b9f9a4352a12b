// A client that chats through a proxy while an attacker tries to get requests into its connections. It sends messages to its own room, one at a time, and checks each answer.
import { randomUUID } from 'node:crypto';
import { fresh } from '../../e2e/lib/client.mjs';
import { scaled } from '../../e2e/lib/env.mjs';
import { command } from '../../e2e/lib/http.mjs';
import { RawSocket } from '../../e2e/lib/raw.mjs';

const TRIES = 5;
const ANSWER_MS = 5000;
const NOT_ANSWERED = [502, 503, 504]; // a proxy's word that the server let go of the connection: sent again, as the client_id allows

export class Victim {
	static async create(server, proxy, localAddress) {
		const victim = new Victim();
		Object.assign(victim, { server, proxy, localAddress, sent: [], interrupted: 0, raw: null });
		victim.token = (await command(server, 'session.start', { guest: fresh('Victim') })).token;
		const room = await command(server, 'room.create', { name: fresh('victims') }, { token: victim.token });
		victim.room = room.id;
		victim.lastSeq = undefined;
		return victim;
	}

	async answerTo(request) {
		if (!this.raw || this.raw.ended) {
			this.raw = await RawSocket.connect(this.proxy, { localAddress: this.localAddress });
		}
		this.raw.write(request);
		const answer = await this.raw.readResponse({ timeoutMs: ANSWER_MS });
		if (!answer || answer.headers.connection === 'close') {
			this.raw.destroy();
			this.raw = null;
		}
		return answer;
	}

	// Sends a message. Gives what is wrong with its answer, or undefined.
	async say() {
		const text = `said ${this.sent.length + 1}`;
		const body = JSON.stringify({ room: this.room, text, client_id: randomUUID() });
		const request = `POST /api/v1/message.send HTTP/1.1\r\nHost: chat.example\r\nContent-Type: application/json\r\nAuthorization: Bearer ${this.token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
		for (let i = 0; i < TRIES; i++) {
			const answer = await this.answerTo(request).catch((e) => ({ status: 0, body: e.message }));
			if (answer && !NOT_ANSWERED.includes(answer.status)) {
				return this.check(answer, text);
			}
			this.interrupted++;
		}
		return 'was not answered';
	}

	check(answer, text) {
		let reply;
		try {
			reply = JSON.parse(answer.body);
		} catch {
			// what it is, is said below
		}
		const { room, seq } = reply?.data ?? {};
		if (answer.status !== 200 || reply?.type !== 'ok' || room !== this.room || (this.lastSeq !== undefined && seq !== this.lastSeq + 1)) {
			return `the answer to a message (behind seq ${this.lastSeq}): ${answer.status} ${JSON.stringify(answer.body.slice(0, 200))}`;
		}
		this.lastSeq = seq;
		this.sent.push(text);
		return undefined;
	}

	// Reads the room without a proxy: it must hold every message that the victim sent, in order, and nothing else.
	async said() {
		const texts = [];
		for (let after = 0; ;) {
			const page = await command(this.server, 'history.read', { room: this.room, after }, { token: this.token });
			texts.push(...page.events.filter(({ type }) => type === 'message.created').map(({ data }) => data.text));
			if (page.events.length === 0) {
				return texts;
			}
			after = page.events.at(-1).seq;
		}
	}

	close() {
		this.raw?.destroy();
	}
}

// How long to wait for an answer that may never come.
export const patience = () => scaled(150);
