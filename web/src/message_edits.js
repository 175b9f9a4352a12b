// Changes of the person's messages: what the composer and the log ask of the server.

import { summaryOf } from './digest.js';
import { isDeleted } from './message_changes.js';
import { newUuid } from './outbox.js';
import { confirmDialog } from './view_dialogs.js';
import { sentence } from './view_sign_in.js';

/** @typedef {import('./message_changes.js').Message} Message */

export class MessageEdits {
	/** @param {{request: (type: string, data: any) => Promise<any>, me: () => {id: string}|null, edit: (event: Message) => void, aside: (room: any, text: string) => void, deleted: (event: Message) => void}} hooks
	 *   edit: puts a message into the field for writing */
	constructor(hooks) {
		this.hooks = hooks;
		/** The edit whose answer was lost with the connection. Saved once more it keeps its client_id, so that it is done once. @type {{id: string, text: string, client_id: string}|null} */
		this.unanswered = null;
	}

	/** Returns the person's last message that is there, where the end of the room is shown. @param {any} room @returns {Message|undefined} */
	lastOf({ window }) {
		const id = this.hooks.me()?.id;
		/** @type {Message[]} */
		const events = window?.atEnd ? window.events : [];
		return events.filter((e) => e.type === 'message.created' && e.data.author.id === id).map((e) => window.changes.shown(e)).findLast((e) => !isDeleted(e));
	}

	/** @param {Message} event */
	edit(event) {
		this.hooks.edit(event);
	}

	/** Returns whether it was done. Otherwise the person is told why. @param {any} room @param {Message} event @param {string} text */
	async save(room, { id, seq }, text) {
		const before = this.unanswered;
		const client_id = before?.id === id && before.text === text ? before.client_id : newUuid();
		this.unanswered = null;
		try {
			await this.hooks.request('message.edit', { room: room.id, seq, text, client_id });
			return true;
		} catch (/** @type {any} */ error) {
			if (error.code === 'disconnected')
				this.unanswered = { id, text, client_id };
			this.hooks.aside(room, `The change was not saved. ${sentence(error.message)}`);
			return false;
		}
	}

	/** Deletes a message, if the person says so. @param {any} room @param {Message} event */
	ask(room, event) {
		const summary = summaryOf(event.data);
		confirmDialog({
			title: 'Delete this message?', button: 'Delete message',
			text: `${summary ? `“${summary}” ` : 'It '}is not shown to anybody any more. It stays in the server’s log.`,
			action: () => this.hooks.request('message.delete', { room: room.id, seq: event.seq }), done: () => this.hooks.deleted(event),
		});
	}
}
