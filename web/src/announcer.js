// Speaks live messages of others in the open room to screen readers, politely; what comes fast is joined into a count.

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
		this.waiting.push(text);
		this.timer ||= setTimeout(() => {
			this.timer = 0;
			const texts = this.waiting.splice(0);
			this.element.textContent = texts.length === 1 ? texts[0].slice(0, 300) : `${texts.length} new messages`;
		}, JOIN_MS);
	}
}
