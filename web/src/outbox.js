// Messages on their way out. Each is kept in the browser until the server has acknowledged it, goes out one at a time and in order,
// and carries a client_id, by which the server knows a repeated one: so it arrives once, whatever happens in between.

import { keep, keptKeys, recall } from './storage.js';

/** @typedef {{client_id: string, room: string, text: string, reply_to?: number, at: number, state: 'queued'|'failed'|'sent', error?: string, seq?: number}} Outgoing */

/** A UUID; crypto.randomUUID() is missing on plain HTTP. */
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
		this.sending = false;
	}

	/** Takes up what this person left unsent, in this tab or before a reload. @param {string} userId */
	load(userId) {
		if (this.owner === userId)
			return;
		this.owner = userId;
		this.entries = keptKeys(`out.${userId}.`).map(recall).filter((e) => e?.client_id).sort((a, b) => a.at - b.at);
	}

	/** @param {string} room @returns {Outgoing[]} */
	of(room) {
		return this.entries.filter((e) => e.room === room);
	}

	/** @param {string} room @param {string} text @param {number} [replyTo] */
	add(room, text, replyTo) {
		const at = Math.max(Date.now(), (this.entries.at(-1)?.at ?? 0) + 1);
		/** @type {Outgoing} */
		const entry = { client_id: newUuid(), room, text, at, state: 'queued' };
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
		keep(`out.${this.owner}.${entry.client_id}`, null);
		this.hooks.changed(entry.room);
	}

	/** The message came back in the log. @param {string|undefined} clientId */
	seen(clientId) {
		const entry = clientId && this.entries.find((e) => e.client_id === clientId);
		if (entry && entry.state === 'sent')
			this.remove(entry);
		else if (entry)
			entry.seq = 1; /* in the log already: not shown twice while its acknowledgement is under way */
	}

	async flush() {
		if (this.sending)
			return;
		this.sending = true;
		try {
			for (let entry; this.hooks.live() && (entry = this.entries.find((e) => e.state === 'queued'));)
				await this.send(entry);
		} finally {
			this.sending = false;
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
				entry.state = 'sent';
				entry.seq = sent.seq;
				this.save(entry);
			}
		} catch (/** @type {any} */ error) {
			if (error.code === 'disconnected')
				return; /* stays queued; the connection calls flush() when it is back */
			if (error.retryable) {
				await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs || 2000));
				return;
			}
			entry.state = 'failed';
			entry.error = error.message;
			this.save(entry);
		}
	}
}
