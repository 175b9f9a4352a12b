// Speaks live messages of others in the open room to screen readers, politely; what comes fast is joined into a count.
//
// A screen reader speaks what changes. So the region is emptied before it is filled: the same text again is a change then.

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
