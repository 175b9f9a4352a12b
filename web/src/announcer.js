// Gives live messages of others in the open room to screen readers, politely. Messages in quick succession are joined into a count.
//
// A screen reader speaks what changes. The region is emptied before it is filled, so that the same text once more is a change.

const JOIN_MS = 700;

export class Announcer {
	/** @param {HTMLElement} element an aria-live region */
	constructor(element) {
		this.element = element;
		/** @type {string[]} */
		this.waiting = [];
		this.timer = 0;
	}

	/** @param {string} text */
	say(text) {
		this.element.textContent = '';
		this.waiting.push(text);
		this.timer ||= setTimeout(() => {
			this.timer = 0;
			const texts = this.waiting.splice(0);
			this.element.textContent = texts.length === 1 ? texts[0] : `${texts.length} new messages`;
		}, JOIN_MS);
	}
}
