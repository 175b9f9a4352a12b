// The field for writing: a plain textarea that grows, with a draft for each room. Enter sends.
//
// A hidden copy of the text in the same cell makes the textarea as high as its text (app.css). Measuring the height here would make the textarea short for a
// moment, and the log above it would lose its place.

import { summaryOf } from './digest.js';
import { byFinger, h, icon, iconButton } from './dom.js';
import { withoutBidiControls } from './text.js';

const TYPING_EVERY_MS = 3000;

export class ComposerView {
	/** @param {{drafts: import('./drafts.js').Drafts, send: (room: any, text: string, replyTo: number|undefined) => void, typing: (room: any, typing: boolean) => void, limit: () => number}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {any} */
		this.room = null;
		this.owner = '';
		this.typingAt = 0;
		/** @type {any} the message being replied to */
		this.target = null;
		this.area = /** @type {HTMLTextAreaElement} */ (h('textarea', {
			id: 'composer', rows: '1', dir: 'auto', autocomplete: 'off', enterkeyhint: 'send', 'aria-describedby': 'composer-note',
			oninput: () => this.changed(), onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e),
		}));
		this.cell = h('div', { class: 'write' }, this.area);
		this.label = h('label', { class: 'sr', for: 'composer' });
		this.replyText = h('span', { class: 'grow' });
		this.replyBar = h('div', { class: 'replying', hidden: true }, icon('reply'), this.replyText, iconButton('close', 'Do not reply', () => this.reply(null)));
		this.note = h('p', { class: 'st bad', id: 'composer-note', hidden: true });
		this.element = h('form', { class: 'comp', 'aria-label': 'Write a message', onsubmit: (/** @type {Event} */ e) => this.submit(e) }, this.replyBar, this.label, this.cell,
			h('button', { class: 'ib send', 'aria-label': 'Send', title: 'Send' }, icon('send')), this.note);
	}

	/** @param {any} room @param {string} owner id of the person whose drafts these are */
	show(room, owner) {
		const isSame = this.room?.id === room.id && this.owner === owner;
		if (!isSame)
			this.stopTyping();
		this.room = room; /* another object when the person has left the room and come back */
		if (isSame)
			return;
		this.owner = owner;
		this.reply(null, false);
		this.write(this.hooks.drafts.text(room.id));
		this.rename(room);
	}

	/** Called when the room's draft was removed in another way than through this field. @param {string} roomId */
	clear(roomId) {
		if (this.room?.id === roomId)
			this.write('');
	}

	/** @param {string} text */
	write(text) {
		this.area.value = text;
		this.grow();
	}

	/** @param {any} room */
	rename(room) {
		this.label.textContent = `Message ${room.name}`;
		this.area.placeholder = `Message #${withoutBidiControls(room.name)}`;
	}

	/** @param {boolean} [evenByFinger] */
	focus(evenByFinger) {
		if (evenByFinger || !byFinger())
			this.area.focus({ preventScroll: true });
	}

	/** @param {any} event null ends the reply @param {boolean} [focus] */
	reply(event, focus = true) {
		this.target = event;
		this.replyBar.hidden = !event;
		this.replyText.textContent = event ? `Replying to ${event.data.author.name}: ${summaryOf(event.data)}` : '';
		if (focus)
			this.focus(true);
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey)
			this.submit(event);
		else if (event.key === 'Escape' && this.target)
			this.reply(null);
	}

	changed() {
		const isBlank = !this.area.value.trim();
		this.hooks.drafts.set(this.room.id, this.area.value);
		this.grow();
		if (isBlank)
			this.stopTyping();
		else if (Date.now() - this.typingAt > TYPING_EVERY_MS) {
			this.typingAt = Date.now();
			this.hooks.typing(this.room, true);
		}
	}

	stopTyping() {
		if (this.typingAt && this.room)
			this.hooks.typing(this.room, false);
		this.typingAt = 0;
	}

	grow() {
		this.cell.dataset.text = this.area.value;
		const over = new TextEncoder().encode(this.area.value).length - this.hooks.limit();
		this.note.hidden = over <= 0;
		this.note.textContent = over > 0 ? `Too long by ${over} bytes.` : '';
	}

	/** @param {Event} event */
	submit(event) {
		event.preventDefault();
		/* Blank lines and blanks behind the text mean nothing, but the indentation of the first line does. */
		const text = this.area.value.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd();
		if (!text || !this.note.hidden)
			return;
		const target = this.target?.seq;
		this.write('');
		this.hooks.drafts.set(this.room.id, '');
		this.typingAt = 0; /* the message itself shows others that the typing is over */
		this.reply(null);
		this.hooks.send(this.room, text, target);
	}
}
