// What edits and deletions make of messages. The log keeps a message as it was, and a change is an event behind it. Of all changes of a message the newest counts.

/** @typedef {import('./room_window.js').LogEvent} LogEvent */
/** A message as it is shown. @typedef {LogEvent & {change?: LogEvent}} Message */

/** Whether an event changes a message. @param {LogEvent} event */
export const isChange = (event) => event.type === 'message.edited' || event.type === 'message.deleted';

/** @param {Message} message */
export const isDeleted = (message) => message.change?.type === 'message.deleted';

export class MessageChanges {
	constructor() {
		/** The newest change of each message, by the seq of the message. It may have come before its message. @type {Map<number, LogEvent>} */
		this.newest = new Map();
		/** What changes make of their messages. An object stays the same, as that of a message does. @type {WeakMap<LogEvent, Message>} */
		this.made = new WeakMap();
	}

	/** Takes the changes among these events. @param {LogEvent[]} events */
	take(events) {
		for (const event of events.filter(isChange))
			if (event.seq > (this.newest.get(event.data.message)?.seq ?? 0))
				this.newest.set(event.data.message, event);
	}

	/** Forgets the changes of all other messages. @param {LogEvent[]} messages */
	keep(messages) {
		const seqs = new Set(messages.map((e) => e.seq));
		for (const seq of this.newest.keys())
			if (!seqs.has(seq))
				this.newest.delete(seq);
	}

	/** @param {LogEvent} event as it is in the log @returns {Message} */
	shown(event) {
		const change = this.newest.get(event.seq);
		if (!change)
			return event;
		const made = this.made.get(change) ?? { ...event, change, data: { ...event.data, text: change.data.text ?? '' } };
		this.made.set(change, made);
		return made;
	}
}
