// Messages on their way out. The browser keeps each message until the server has acknowledged it. A message has a client_id, by which the server recognises
// a repeated one, so each message arrives once. The messages of a room go out one at a time and in order. Rooms do not wait for each other.
//
// When the connection was lost before the acknowledgement, the message goes out on the next one. When the server asks to send it later, it is sent later, and
// its room waits. When it is refused for good, it is shown as not sent, and the next one goes out. A server may also refuse a message by closing the
// connection. When several were under way then, each of them goes out alone, so that the one at fault is found.

import { keep, keptKeys, recall } from './storage.js';

/** @typedef {{client_id: string, room: string, room_name: string, text: string, reply_to?: number, at: number, state: 'queued'|'failed'|'sent', error?: string, seq?: number}} Outgoing */

/** Returns a random UUID (RFC 9562, version 4). crypto.randomUUID() is missing on plain HTTP. */
export function newUuid() {
	const b = crypto.getRandomValues(new Uint8Array(16));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	const hex = [...b].map((x) => x.toString(16).padStart(2, '0')).join('');
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export class Outbox {
	/** @param {{request: (type: string, data: any) => Promise<any>, live: () => boolean, changed: (room: string) => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {Outgoing[]} in the order of writing */
		this.entries = [];
		this.owner = '';
		/** Rooms whose messages are going out. The suspects have the room ''. @type {Set<string>} */
		this.sending = new Set();
		/** Messages (client_id) that were under way when the server closed the connection because of one. @type {Set<string>} */
		this.suspects = new Set();
	}

	/** Reads the messages that this person left unsent, in this tab or before a reload. @param {string} userId */
	load(userId) {
		if (this.owner === userId)
			return;
		this.owner = userId;
		this.suspects.clear();
		this.entries = keptKeys(`out.${userId}.`).map(recall).filter((e) => e?.client_id).sort((a, b) => a.at - b.at);
	}

	/** @param {string} room @returns {Outgoing[]} */
	of(room) {
		return this.entries.filter((e) => e.room === room);
	}

	/** Returns the messages that the server does not have, as far as is known. @param {string} room */
	unsentOf(room) {
		return this.of(room).filter((e) => e.state !== 'sent');
	}

	/** Returns the rooms, other than these, to which messages were not sent. @param {Map<string, any>} rooms by id @returns {{id: string, name: string, unsent: number}[]} */
	roomsBut(rooms) {
		/** @type {Map<string, {id: string, name: string, unsent: number}>} */
		const gone = new Map();
		for (const { room: id, room_name: name } of this.entries.filter((e) => e.state !== 'sent' && !rooms.has(e.room)))
			gone.set(id, { id, name, unsent: (gone.get(id)?.unsent ?? 0) + 1 });
		return [...gone.values()];
	}

	/** @param {{id: string, name: string}} room its name is kept for the day one is no longer in it @param {string} text @param {number} [replyTo] */
	add(room, text, replyTo) {
		const at = Math.max(Date.now(), (this.entries.at(-1)?.at ?? 0) + 1);
		/** @type {Outgoing} */
		const entry = { client_id: newUuid(), room: room.id, room_name: room.name, text, at, state: 'queued' };
		if (replyTo)
			entry.reply_to = replyTo;
		this.entries.push(entry);
		this.save(entry);
		this.flush();
	}

	/** @param {Outgoing} entry */
	save(entry) {
		keep(`out.${this.owner}.${entry.client_id}`, entry.state === 'sent' ? null : entry);
		this.hooks.changed(entry.room);
	}

	/** @param {Outgoing} entry */
	retry(entry) {
		entry.state = 'queued';
		this.save(entry);
		this.flush();
	}

	/** @param {Outgoing} entry */
	remove(entry) {
		this.entries = this.entries.filter((e) => e !== entry);
		this.suspects.delete(entry.client_id);
		keep(`out.${this.owner}.${entry.client_id}`, null);
		this.hooks.changed(entry.room);
	}

	/** Called when the message has arrived in the log. @param {string|undefined} clientId */
	seen(clientId) {
		const entry = clientId && this.entries.find((e) => e.client_id === clientId);
		if (entry && entry.state !== 'queued')
			this.remove(entry);
		else if (entry)
			entry.seq = 1; /* it is in the log, so it is not shown twice while its acknowledgement is under way */
	}

	async flush() {
		if (this.suspects.size)
			await this.sendAll('', (e) => this.suspects.has(e.client_id));
		if (this.suspects.size)
			return; /* the connection is gone again, or an earlier call still sends */
		for (const room of new Set(this.entries.map((e) => e.room)))
			this.sendAll(room, (e) => e.room === room);
	}

	/** Sends the queued messages of a lane one after the other. @param {string} lane @param {(entry: Outgoing) => boolean} isOf */
	async sendAll(lane, isOf) {
		if (this.sending.has(lane))
			return;
		this.sending.add(lane);
		try {
			for (let entry; this.hooks.live() && (entry = this.entries.find((e) => e.state === 'queued' && isOf(e)));)
				await this.send(entry);
		} finally {
			this.sending.delete(lane);
		}
	}

	/** @param {Outgoing} entry */
	async send(entry) {
		const { client_id, room, text, reply_to } = entry;
		try {
			const sent = await this.hooks.request('message.send', { client_id, room, text, reply_to });
			if (entry.seq || sent.duplicate) {
				this.remove(entry);
			} else {
				this.suspects.delete(client_id);
				entry.state = 'sent';
				entry.seq = sent.seq;
				this.save(entry);
			}
		} catch (/** @type {any} */ error) {
			if (!this.entries.includes(entry))
				return; /* discarded meanwhile */
			if (error.suspects > 1)
				this.suspects.add(client_id);
			else if (error.suspects === 1)
				this.fail(entry, 'the server closed the connection because of it');
			else if (error.retryable && error.code !== 'disconnected')
				await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs || 2000));
			else if (!error.retryable)
				this.fail(entry, error.message);
			/* Otherwise it stays queued; the connection calls flush() when it is back. */
		}
	}

	/** @param {Outgoing} entry @param {string} why */
	fail(entry, why) {
		this.suspects.delete(entry.client_id);
		entry.state = 'failed';
		entry.error = why;
		this.save(entry);
	}
}
