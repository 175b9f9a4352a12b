// A user who chats through faults: sends with client_ids and repeats what was not acknowledged, comes back with its cursors, and keeps
// records of everything that it was told. The checker proves everything from these records.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Client, WireError } from '../../e2e/lib/client.mjs';
import { scaled, sleep } from '../../e2e/lib/env.mjs';
import { until } from '../../e2e/lib/wait.mjs';

const ANSWER_MS = 3000;

export class Participant {
	// target() gives where to connect now.
	constructor(name, target, { lanes = 4, answerMs = ANSWER_MS, pauseMs = 1, padding = '' } = {}) {
		this.name = name;
		this.target = target;
		this.lanes = lanes; // sends under way at once
		this.answerMs = answerMs;
		this.pauseMs = pauseMs;
		this.padding = padding; // makes its messages longer
		this.acknowledged = []; // {client_id, seq, id, duplicate}
		this.refusals = []; // error codes
		this.seen = []; // {seq, raw}, since the newest gap
		this.gaps = []; // {…room.gap, nAcknowledged: before it}
		this.nConnections = 0;
		this.nDeferred = 0; // how often it was told to come back later
		this.nFailed = 0; // and how often it could not come back for another reason
		this.leaving = false;
		this.sending = false;
	}

	async arrive(roomName) {
		const client = await this.open({ guest: this.name });
		this.token = client.token;
		this.user = client.user;
		const room = await client.request('room.create', { name: roomName }).catch(() => client.request('room.join', { room: roomName }));
		this.room = room.id;
		this.epoch = client.session.epoch;
		this.last ??= room.last_seq;
		this.client = client;
		this.staying = this.stay();
	}

	open(data) {
		this.nConnections++;
		return Client.start(this.target(), data, { keep: false, onEvent: (event, raw) => this.record(event, raw) });
	}

	record(event, raw) {
		if (event.type === 'room.gap') {
			this.gaps.push({ ...event, nAcknowledged: this.acknowledged.length });
			this.seen = [];
			this.last = event.data.to;
		} else if (event.seq) {
			this.seen.push({ seq: event.seq, raw });
			this.last = event.seq;
		}
	}

	// Comes back whenever the connection is gone.
	async stay() {
		while (!this.leaving) {
			await this.client.closed;
			for (let againMs = 20; !this.leaving; againMs = Math.min(2 * againMs, 500)) {
				const client = await this.open({ token: this.token, epoch: this.epoch, resume: { [this.room]: this.last } }).catch((error) => error);
				if (client instanceof Client) {
					this.client = client;
					this.epoch = client.session.epoch;
					if (this.leaving) {
						client.terminate(); // it left while this one was being opened
					}
					break;
				}
				this[client.retryAfterMs === undefined ? 'nFailed' : 'nDeferred']++;
				await sleep(client.retryAfterMs ?? againMs);
			}
		}
	}

	startSending(firstPauseMs = 0) {
		this.sending = true;
		this.stop = new AbortController();
		this.loops = Array.from({ length: this.lanes }, (_, lane) => this.sendLoop(lane, firstPauseMs));
		this.loops.forEach((loop) => loop.catch(() => {})); // who stops it is told
	}

	// Ends when all that was begun is acknowledged.
	async stopSending() {
		this.sending = false;
		this.stop?.abort();
		await Promise.all(this.loops ?? []);
	}

	async sendLoop(lane, firstPauseMs) {
		const pause = (ms) => setTimeout(ms, undefined, { signal: this.stop.signal }).catch(() => {});
		await pause(firstPauseMs);
		for (let i = 0; this.sending; i++) {
			await this.sendUntilAcknowledged({ room: this.room, text: `${this.name} ${lane}:${i}${this.padding}`, client_id: randomUUID() });
			await pause(this.pauseMs);
		}
	}

	async sendUntilAcknowledged(data) {
		const deadline = Date.now() + scaled(60000);
		for (;;) {
			const { client } = this;
			try {
				const ok = await client.request('message.send', data, { timeoutMs: this.answerMs });
				this.acknowledged.push({ client_id: data.client_id, seq: ok.seq, id: ok.id, duplicate: ok.duplicate === true });
				return ok;
			} catch (error) {
				if (this.leaving) {
					return undefined;
				}
				if (Date.now() > deadline) {
					throw new Error(`${this.name}: not acknowledged in time: ${error.message}`);
				}
				if (error instanceof WireError) {
					this.refusals.push(error.code);
					await sleep(50);
				} else if (!client.close_ && /timed out/.test(error.message)) {
					client.terminate(); // no answer: the connection counts as dead
				}
				await sleep(10);
			}
		}
	}

	// Waits until n more are acknowledged.
	async getsThrough(n) {
		const wanted = this.acknowledged.length + n;
		await until(60000, `${n} more of ${this.name} to be acknowledged`, () => this.acknowledged.length >= wanted);
	}

	async leave() {
		this.leaving = true;
		this.client.terminate();
		await this.staying;
		await this.stopSending();
	}
}

// Waits until n more of all of them together are acknowledged.
export async function getThrough(participants, n) {
	const count = () => participants.reduce((sum, participant) => sum + participant.acknowledged.length, 0);
	const wanted = count() + n;
	await until(60000, `${n} more to be acknowledged`, () => count() >= wanted);
}
