// Offers the commands while the person types a slash and the start of a name. Up and down choose one. Tab and Enter take it, a click does too, and Escape closes
// the list. Enter behind a whole name sends it.
//
// The focus stays in the textarea, which tells assistive technology the chosen option (aria-activedescendant). A textarea cannot have the role of a combobox.

import { h } from './dom.js';

/** @typedef {import('./typed_commands.js').TypedCommand} TypedCommand */

const START = /^\/[\w-]*$/;

export class CompletionView {
	/** @param {HTMLTextAreaElement} area @param {{list: () => Promise<TypedCommand[]>, take: (text: string) => void}} hooks */
	constructor(area, hooks) {
		this.area = area;
		this.hooks = hooks;
		this.element = h('ul', { id: 'commands', class: 'options commands', role: 'listbox', 'aria-label': 'Commands', hidden: true,
			tabindex: '0', /* it may have to be scrolled */ onmousedown: (/** @type {Event} */ event) => event.preventDefault() });
		area.setAttribute('aria-autocomplete', 'list');
		area.setAttribute('aria-controls', 'commands');
		/** @type {TypedCommand[]} what the server has */
		this.commands = [];
		/** @type {TypedCommand[]} what is offered */
		this.offered = [];
		this.at = 0;
		/** Whether the text is the start of a command. */
		this.isStart = false;
	}

	/** The text has changed. It is asked anew which commands there are when one begins, and what was known before is offered until then. @param {boolean} byPerson */
	changed(byPerson) {
		const wasStart = this.isStart;
		this.isStart = byPerson && START.test(this.area.value);
		this.at = 0;
		this.render();
		if (this.isStart && !wasStart)
			this.load();
	}

	async load() {
		this.commands = await this.hooks.list();
		if (this.isStart)
			this.render();
	}

	close() {
		this.isStart = false;
		this.render();
	}

	render() {
		const typed = this.area.value.slice(1).toLowerCase();
		this.offered = this.isStart ? this.commands.filter(({ name }) => name.startsWith(typed)) : [];
		this.show();
	}

	show() {
		this.element.replaceChildren(...this.offered.map(({ name, usage, description }, i) => h('li', {
			id: `command-${name}`, role: 'option', 'aria-selected': String(i === this.at), onclick: () => this.take(i),
		}, h('b', {}, usage), h('small', {}, description))));
		this.element.hidden = this.offered.length === 0;
		const chosen = this.element.children[this.at];
		chosen?.scrollIntoView({ block: 'nearest' });
		if (chosen)
			this.area.setAttribute('aria-activedescendant', chosen.id);
		else
			this.area.removeAttribute('aria-activedescendant');
	}

	/** @param {number} i */
	take(i) {
		const { name, usage } = this.offered[i];
		this.hooks.take(`/${name}${usage.includes(' ') ? ' ' : ''}`);
	}

	/** Returns whether the key was for the list. @param {KeyboardEvent} event */
	key(event) {
		if (event.key === 'Tab' && event.shiftKey)
			this.close(); /* it is no stop on the way back */
		if (this.offered.length === 0 || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey)
			return false;
		const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
		const isWhole = this.area.value.slice(1).toLowerCase() === this.offered[this.at].name;
		if (step) {
			this.at = (this.at + step + this.offered.length) % this.offered.length;
			this.show();
		} else if (event.key === 'Tab' || (event.key === 'Enter' && !isWhole)) {
			this.take(this.at);
		} else if (event.key === 'Escape') {
			this.close();
		} else {
			return false;
		}
		event.preventDefault();
		event.stopPropagation();
		return true;
	}
}
