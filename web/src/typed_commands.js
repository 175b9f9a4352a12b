// Commands that the person types. What is typed is a command when it begins with a slash and a name, which a blank or the end follows. The server runs it and
// says what is wrong with it. "/etc/passwd" and "/ and so on" are messages, and a second slash makes a message of what else would be a command.

import { newUuid } from './outbox.js';
import { sentence } from './view_sign_in.js';

const COMMAND = /^\/[a-z][\w-]{0,31}(?![^ \t\r\n])/i;

/** @typedef {{name: string, usage: string, description: string}} TypedCommand */

/** @param {string} text */
export const isCommand = (text) => COMMAND.test(text);

/** Returns the message that is meant by a text that is no command. @param {string} text */
export const messageOf = (text) => text[0] === '/' && isCommand(text.slice(1)) ? text.slice(1) : text;

export class TypedCommands {
	/** @param {{request: (type: string, data: any) => Promise<any>, aside: (room: any, text: string) => void, left: (room: any) => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {{room: string, commands: TypedCommand[]}} as the server last told */
		this.known = { room: '', commands: [] };
		/** The command whose answer was lost with the connection. Typed once more it keeps its client_id, so that its message is sent once.
		 * @type {{room: string, text: string, client_id: string}|null} */
		this.unanswered = null;
	}

	/** Returns the commands of a room: the server's by name, then those of the room's hooks. Those that were known of it before serve while there is no connection. @param {string} room */
	async list(room) {
		const told = await this.hooks.request('command.list', { room }).catch(() => null);
		if (told || this.known.room !== room)
			this.known = { room, commands: told?.commands ?? [] };
		return this.known.commands;
	}

	/** Returns whether it was done. Otherwise the person is told why, and should find the text where it was. @param {any} room @param {string} text @param {number} [replyTo] */
	async run(room, text, replyTo) {
		const before = this.unanswered;
		const client_id = before?.room === room.id && before?.text === text ? before.client_id : newUuid();
		this.unanswered = null;
		try {
			const { ran } = await this.hooks.request('command.run', { room: room.id, text, client_id, reply_to: replyTo });
			if (ran === 'room.leave')
				this.hooks.left(room);
			return true;
		} catch (/** @type {any} */ error) {
			if (error.code === 'disconnected')
				this.unanswered = { room: room.id, text, client_id };
			const isUnknown = error.code === 'not_found' && error.field === 'text';
			this.hooks.aside(room, sentence(error.message) + (isUnknown ? ` As a message: \`/${text.split(/\s/, 1)[0]}\`` : ''));
			return false;
		}
	}
}
