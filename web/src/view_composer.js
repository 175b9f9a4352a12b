// The field for writing: a plain textarea that grows, with a draft for each room. Enter sends.
//
// A hidden copy of the text in the same cell makes the textarea as high as its text (app.css). Measuring the height here would make the textarea short for a
// moment, and the log above it would lose its place.

import { authorOf, summaryOf } from './digest.js';
import { byFinger, h, icon, iconButton } from './dom.js';
import { withoutBidiControls } from './text.js';
import { isCommand, messageOf } from './typed_commands.js';
import { CompletionView } from './view_completion.js';

const TYPING_EVERY_MS = 3000;

export class ComposerView {
	/** @param {{drafts: import('./drafts.js').Drafts, send: (room: any, text: string, replyTo: number|undefined) => void, typing: (room: any, typing: boolean) => void, limit: () => number,
	 *   commands: import('./typed_commands.js').TypedCommands, edits: import('./message_edits.js').MessageEdits}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {any} */
		this.room = null;
		this.owner = '';
		this.typingAt = 0;
		/** @type {any} the message being replied to */
		this.target = null;
		/** The message being changed, whose text is in the field meanwhile. @type {any} */
		this.edited = null;
		this.area = /** @type {HTMLTextAreaElement} */ (h('textarea', {
			id: 'composer', rows: '1', dir: 'auto', autocomplete: 'off', enterkeyhint: 'send', 'aria-describedby': 'composer-note',
			oninput: () => this.changed(), onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e),
			onblur: () => this.completion.close(),
		}));
		this.completion = new CompletionView(this.area, { list: () => hooks.commands.list(this.room.id), take: (text) => this.complete(text) });
		this.cell = h('div', { class: 'write' }, this.area);
		this.label = h('label', { class: 'sr', for: 'composer' });
		this.replyBar = h('div', { class: 'replying', hidden: true });
		this.note = h('p', { class: 'st bad', id: 'composer-note', hidden: true });
		this.element = h('form', { class: 'comp', 'aria-label': 'Write a message', onsubmit: (/** @type {Event} */ e) => this.submit(e) }, this.completion.element, this.replyBar, this.label, this.cell,
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
		this.completion.commands = []; /* those of another room */
		this.reply(null, false);
		this.write(this.hooks.drafts.text(room.id));
		this.rename(room);
	}

	/** Called when the room's draft was removed in another way than through this field. @param {string} roomId */
	clear(roomId) {
		if (this.room?.id === roomId && !this.edited)
			this.write('');
	}

	/** @param {string} text */
	write(text) {
		this.area.value = text;
		this.completion.changed(false);
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
		this.edit(null, false);
		this.target = event;
		this.renderBar('reply', event ? `Replying to ${authorOf(event.data).name}: ${summaryOf(event.data)}` : '', 'Do not reply', () => this.reply(null));
		if (focus)
			this.focus(true);
	}

	/** Puts a message of the person's into the field to be changed. What was written there comes back when that is over. @param {any} event null: it is over @param {boolean} [focus] */
	edit(event, focus = true) {
		if (!event && !this.edited)
			return;
		this.target = null;
		this.edited = event;
		this.renderBar('edit', event ? 'Editing your message' : '', 'Do not edit', () => this.edit(null));
		this.write(event ? event.data.text : this.hooks.drafts.text(this.room.id));
		if (focus)
			this.focus(true);
	}

	/** Tells what the text is for. @param {string} image @param {string} text empty: it is a new message @param {string} close @param {() => void} closed */
	renderBar(image, text, close, closed) {
		this.replyBar.hidden = !text;
		this.replyBar.replaceChildren(icon(image), h('span', { class: 'grow' }, text), iconButton('close', close, closed));
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		if (this.completion.key(event))
			return;
		if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey)
			this.submit(event);
		else if (event.key === 'Escape' && (this.target || this.edited))
			this.reply(null);
		else if (event.key === 'ArrowUp' && !this.area.value && !this.target && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey)
			this.editLast(event);
	}

	/** @param {Event} event */
	editLast(event) {
		const last = this.edited ? null : this.hooks.edits.lastOf(this.room);
		if (!last)
			return;
		event.preventDefault();
		this.edit(last);
	}

	/** @param {string} text */
	complete(text) {
		this.write(text);
		this.changed();
	}

	changed() {
		const text = this.area.value, isBlank = !text.trim();
		if (this.edited)
			return this.grow();
		this.completion.changed(true);
		this.hooks.drafts.set(this.room.id, this.area.value);
		this.grow();
		if (isBlank || text === '/' || isCommand(text))
			this.stopTyping(); /* what is typed for the server alone is not announced to others */
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
		if (this.edited && this.note.hidden)
			return this.save(text);
		if (!text || !this.note.hidden)
			return;
		const target = this.target;
		this.write('');
		this.hooks.drafts.set(this.room.id, '');
		this.typingAt = 0; /* the message itself shows others that the typing is over */
		this.reply(null);
		if (isCommand(text))
			this.run(this.room, text, target);
		else
			this.hooks.send(this.room, messageOf(text), target?.seq);
	}

	/** The text stays in the field until it is saved. @param {string} text blank: the message is to be deleted */
	async save(text) {
		const { room, edited, area } = this;
		if (area.readOnly)
			return;
		if (!text)
			return this.hooks.edits.ask(room, edited);
		area.readOnly = true;
		const isDone = text === edited.data.text || await this.hooks.edits.save(room, edited, text);
		area.readOnly = false;
		if (isDone && this.edited === edited)
			this.edit(null);
	}

	/** A command that was refused comes back, with what it answers, unless the person goes on with something else. @param {any} room @param {string} text @param {any} target */
	async run(room, text, target) {
		const isDone = await this.hooks.commands.run(room, text, target?.seq);
		if (isDone || this.hooks.drafts.text(room.id))
			return;
		this.hooks.drafts.set(room.id, text);
		if (this.room?.id !== room.id || this.edited)
			return;
		this.write(text);
		this.reply(this.target ?? target, false);
	}
}
