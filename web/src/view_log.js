// The list of messages: keeps its rows in step with the room's window, and the reader's place while doing so.
//
// Rows that did not change keep their elements. The place is the end, or otherwise the first row in sight with the position of its lower edge on the screen.
// Only the person's scrolling changes the place. After every other change of the log's box or content (its rows, the composer, a banner, the width, the size
// of the text, a phone's keyboard), settle() puts the place back before the browser draws. The browsers' own anchoring is off, because it differs between
// them and Safari has none.

import { authorOf, isAction, saidBy, summaryOf } from './digest.js';
import { avatar, h, icon, iconButton } from './dom.js';
import { isDeleted } from './message_changes.js';
import { deletedLabel, logRows, shortTimeLabel, timeLabel } from './rows.js';
import { withoutBidiControls } from './text.js';
import { textNodes } from './view_text.js';

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {{scrollTop: number, scrollHeight: number, clientHeight: number, clientWidth: number, top: number}} Box */

/* Nobody scrolls so little on purpose. Within this distance of the end, new messages scroll in. */
const NEAR_END_PX = 10;
const READ_ON_PX = 900;

/** @param {Box} box */
const fromEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

/** Returns whether more has changed than the scroll position. @param {Box} a @param {Box} b */
const isOtherBox = (a, b) => a.scrollHeight !== b.scrollHeight || a.clientHeight !== b.clientHeight || a.clientWidth !== b.clientWidth || a.top !== b.top;

/** Says behind the text that it was changed. @param {HTMLElement} body @param {import('./room_window.js').LogEvent} change */
function markEdited(body, change) {
	const last = body.lastElementChild;
	const mark = h('span', { class: 'edited', title: new Date(change.timestamp).toLocaleString() }, '(edited)');
	if (last?.matches('p:not(.st)'))
		last.append(' ', mark);
	else
		body.append(h('p', { class: 'st' }, mark));
}

export class LogView {
	/** @param {{older: (room: any) => void, newer: (room: any) => void, present: (room: any) => void, place: () => void, reply: (event: any) => void, write: () => void, retry: (entry: any) => void, discard: (entry: any) => void,
	 *   edits: import('./message_edits.js').MessageEdits, dismiss: (room: any, aside: any) => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		this.top = h('div', { class: 'log-top' });
		this.list = h('div', { class: 'rows' });
		this.log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: '0' }, this.top, this.list);
		this.jumpCount = h('span', {});
		this.jump = h('button', { type: 'button', class: 'jump', hidden: true, onclick: () => this.view && this.hooks.present(this.view.room) }, this.jumpCount, icon('down'));
		this.element = h('div', { class: 'log-box' }, this.log, this.jump);
		/** @type {Map<string, {row: Row, element: HTMLElement}>} */
		this.shown = new Map();
		/** The long messages that are shown whole. @type {Set<string>} */
		this.unfolded = new Set();
		/** Whether the place is the end. */
		this.stuck = true;
		/** The place when it is not the end: the point of a row (0 is its upper edge, 1 its lower) that belongs at a height of the screen. @type {{key: string, part: number, y: number}|null} */
		this.anchor = null;
		/** The direction in which the person last scrolled or asked for more: -1 is up, 1 is down, 0 is none yet. */
		this.towards = 0;
		/** The log's measures when the place was last right; null while it is not on the screen. @type {Box|null} */
		this.box = null;
		/** @type {any} */
		this.view = null;
		this.log.addEventListener('keydown', (event) => this.key(event));
		this.log.addEventListener('scroll', () => this.scrolled(), { passive: true });
		const watcher = new ResizeObserver(() => this.settle());
		for (const element of [this.log, this.top, this.list])
			watcher.observe(element);
	}

	/** Another room (or the same one anew) is shown next. */
	reset() {
		this.shown.clear();
		this.unfolded.clear();
		this.list.replaceChildren();
		this.stuck = true;
		this.anchor = null;
		this.towards = 0;
		this.box = null;
	}

	/**
	 * @param {{room: any, window: any, pending: any[], me: any, online: boolean, error: string, loading: boolean}} view
	 */
	render(view) {
		this.settle();
		this.view = view;
		const rows = logRows({
			events: view.window.events, firstSeq: view.window.firstSeq, changes: view.window.changes, rules: view.room.role === 'owner' || view.me.role === 'owner', pending: view.window.atEnd ? view.pending : [], asides: this.asidesOf(view), me: view.me, newAfter: view.room.newAfter,
			online: view.online, now: new Date(),
		});
		const staying = new Set(rows.map((r) => r.key));
		if (!this.stuck && !staying.has(this.anchor?.key ?? ''))
			this.anchor = this.firstInSight(staying);
		this.log.setAttribute('aria-label', `Messages in ${view.room.name}`);
		this.renderTop(view);
		this.reconcile(rows);
		this.putBack();
		if (this.stuck && !view.window.atEnd) {
			this.look(); /* the window's end is not the room's end any more */
			return;
		}
		this.renderJump();
		this.readOn();
	}

	/** Those of the part of the room that the window shows. @param {{room: any, window: any}} view */
	asidesOf({ room, window }) {
		return window.atEnd ? room.asides : room.asides.filter((/** @type {any} */ { after }) => after < window.lastSeq);
	}

	/** @param {Row[]} rows */
	reconcile(rows) {
		const keep = new Set(rows.map((r) => r.key));
		for (const [key, { element }] of this.shown) {
			if (!keep.has(key)) {
				if (element.contains(document.activeElement))
					this.log.focus({ preventScroll: true });
				element.remove();
				this.shown.delete(key);
			}
		}
		/** @type {Element|null} */
		let next = this.list.firstElementChild;
		for (const row of rows) {
			const known = this.shown.get(row.key);
			if (known && known.row.sig === row.sig && known.row.kind === row.kind) {
				if (known.element === next)
					next = next.nextElementSibling;
				else
					this.list.insertBefore(known.element, next);
				known.row = row;
				continue;
			}
			const element = this.make(row);
			element.dataset.key = row.key;
			if (known && known.element === next)
				next = next.nextElementSibling;
			const hadFocus = known?.element.contains(document.activeElement);
			known?.element.remove();
			this.list.insertBefore(element, next);
			if (hadFocus)
				element.focus({ preventScroll: true });
			this.shown.set(row.key, { row, element });
		}
	}

	/** @returns {Box|null} null while the log is not on the screen */
	measure() {
		const { scrollTop, scrollHeight, clientHeight, clientWidth } = this.log;
		return clientHeight === 0 ? null : { scrollTop, scrollHeight, clientHeight, clientWidth, top: this.log.getBoundingClientRect().top };
	}

	/** The first row in sight, as a place. @param {Set<string>} [staying] only among these */
	firstInSight(staying) {
		const { top, bottom } = this.log.getBoundingClientRect();
		const rows = this.list.children;
		let first = 0;
		for (let end = rows.length; first < end;) {
			const middle = (first + end) >> 1;
			if (rows[middle].getBoundingClientRect().bottom > top)
				end = middle;
			else
				first = middle + 1;
		}
		for (; first < rows.length; first++) {
			const key = rows[first].getAttribute('data-key') ?? '';
			const row = rows[first].getBoundingClientRect();
			if (staying && !staying.has(key))
				continue;
			/* A row that is longer than the box has no edge in sight. The place is then a point inside it. */
			return row.bottom <= bottom ? { key, part: 1, y: row.bottom } : { key, part: Math.max(0, top - row.top) / row.height, y: Math.max(top, row.top) };
		}
		return null;
	}

	/** Where the anchor is now, or NaN. */
	anchorY() {
		const row = this.anchor && this.shown.get(this.anchor.key)?.element.getBoundingClientRect();
		return row && this.anchor ? row.top + row.height * this.anchor.part : NaN;
	}

	/** Scrolls so that the place is where it belongs. */
	putBack() {
		if (this.stuck)
			this.toEnd();
		const off = this.stuck || !this.anchor ? 0 : this.anchorY() - this.anchor.y;
		if (off)
			this.log.scrollTop += off;
		this.box = this.measure();
	}

	/** Called when the box or its content may have changed. Keeps the place, except for what the person has scrolled meanwhile. */
	settle() {
		const now = this.measure();
		const was = this.stuck;
		if (!now || !this.view) {
			this.box = null;
			return;
		}
		if (this.box && !isOtherBox(now, this.box))
			return;
		const by = this.scrolledBy(now);
		const hasScrolled = this.stuck ? by <= -NEAR_END_PX : by !== 0;
		if (this.anchor)
			this.anchor.y -= by;
		if (!this.stuck || !hasScrolled)
			this.putBack();
		/* All the rest may have come into sight, and another row may be the first in it. */
		if (hasScrolled || this.isAtEnd(1) || this.firstInSight()?.key !== this.anchor?.key)
			this.look(hasScrolled ? Math.sign(by) : 0);
		else
			this.placed(was, 0);
	}

	/** Returns how far the person has scrolled since the place was last right. A list that has become too short ends sooner, which is no scrolling. @param {Box} now */
	scrolledBy(now) {
		const by = this.box ? now.scrollTop - this.box.scrollTop : 0;
		return by < 0 && fromEnd(now) <= 1 ? 0 : by;
	}

	/** @param {number} px */
	isAtEnd(px) {
		const now = this.measure();
		return now !== null && fromEnd(now) <= px && this.view?.window.atEnd !== false;
	}

	scrolled() {
		const now = this.measure();
		if (!now || !this.box || isOtherBox(now, this.box))
			this.settle();
		else if (now.scrollTop !== this.box.scrollTop)
			this.look(Math.sign(now.scrollTop - this.box.scrollTop));
	}

	/** Makes what is in sight the place. @param {number} [towards] where the person scrolls just now, as of this.towards */
	look(towards = 0) {
		const was = this.stuck;
		this.towards = towards || this.towards;
		this.stuck = this.isAtEnd(NEAR_END_PX);
		this.anchor = this.stuck ? null : this.firstInSight();
		this.box = this.measure();
		this.placed(was, towards);
	}

	/** @param {boolean} was whether the place was the end @param {number} towards as of look() */
	placed(was, towards) {
		this.renderJump();
		this.readOn(towards);
		if (was !== this.stuck)
			this.hooks.place();
	}

	/** @param {{room: any, window: any, error: string, loading: boolean}} view */
	renderTop({ room, window, error, loading }) {
		const sig = `${room.id}${room.name}${window.hasOlder}${window.skipped}${error}${loading}${window.filling}`;
		if (this.top.dataset.sig === sig)
			return;
		this.top.dataset.sig = sig;
		const older = (/** @type {string} */ label) => h('button', { type: 'button', class: 'quiet', onclick: () => {
			this.towards = -1;
			this.hooks.older(room);
		} }, label);
		if (error)
			this.top.replaceChildren(h('p', { class: 'note', role: 'status' }, error, ' ', older('Try again')));
		else if (window.filling || loading)
			this.top.replaceChildren(h('p', { class: 'note' }, 'Loading messages…'));
		else if (window.hasOlder)
			this.top.replaceChildren(h('p', { class: 'note' },
				window.skipped ? 'You were away for a while; earlier messages are available. ' : '', older('Show earlier messages')));
		else
			this.top.replaceChildren(h('div', { class: 'beginning' }, h('span', { class: 'big-icon' }, icon(room.kind === 'private' ? 'lock' : 'hash')),
				h('h2', {}, h('bdi', {}, room.name)), h('p', {}, 'This is where the room begins.')));
	}

	renderJump() {
		const unread = this.view?.room.unread ?? 0;
		this.jump.hidden = this.stuck || !this.view;
		const label = unread ? `${unread > 99 ? '99+' : unread} new` : 'Latest';
		this.jumpCount.textContent = label;
		this.jump.setAttribute('aria-label', unread ? `Jump to the present, ${unread} new` : 'Jump to the present');
	}

	toEnd() {
		this.log.scrollTop = this.log.scrollHeight;
	}

	/** Shows the end of the room. */
	stick() {
		this.stuck = true;
		this.anchor = null;
		this.towards = 0;
		this.putBack();
		this.renderJump();
	}

	/** Shows the "New" line if there is one, otherwise the end. */
	showNew() {
		const line = this.shown.get('new')?.element;
		this.toEnd();
		if (line) {
			const above = this.log.getBoundingClientRect().top + this.log.clientHeight / 4 - line.getBoundingClientRect().top;
			if (above > 0)
				this.log.scrollTop -= above;
		}
		this.look();
	}

	/**
	 * Asks for more when the reader comes near an end of the window. A full window then loses events at its other end. Many events can be few rows (comings and
	 * goings are one line), and such rows are near both ends: they would ask for both in turn without end. So only scrolling up asks for earlier events, and
	 * after that nothing asks for later ones until the person goes there.
	 * @param {number} [towards] as of look()
	 */
	readOn(towards = 0) {
		if (!this.view || this.view.window.filling || this.view.error || this.log.clientHeight === 0)
			return;
		const { room, window } = this.view;
		const { scrollTop, scrollHeight, clientHeight } = this.log;
		if (scrollTop < READ_ON_PX && window.hasOlder && (window.hasRoom || towards < 0))
			this.hooks.older(room);
		if (!window.atEnd && scrollHeight - scrollTop - clientHeight < READ_ON_PX && (window.hasRoom || this.towards >= 0))
			this.hooks.newer(room);
	}

	/** Gives the focus back to what was deleted, when it had it and nothing else has it. @param {import('./message_changes.js').Message} event */
	regain({ id }) {
		if (document.activeElement === document.body)
			(this.shown.get(`m${id}`)?.element ?? this.log).focus({ preventScroll: true });
	}

	/** Up and down go from message to message, Enter or R answers one, E edits and Delete deletes it, Escape goes back to writing. @param {KeyboardEvent} event */
	key(event) {
		const articles = /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll('article')]);
		const at = articles.indexOf(/** @type {any} */ (event.target));
		if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
			if (event.target !== this.log && at < 0)
				return;
			const bottom = this.log.getBoundingClientRect().bottom;
			const next = at >= 0 ? articles[at + (event.key === 'ArrowUp' ? -1 : 1)] : articles.filter((a) => a.getBoundingClientRect().top < bottom).at(-1);
			event.preventDefault();
			next?.focus();
		} else if (at >= 0 && ['Enter', 'r', 'e', 'Delete'].includes(event.key) && !event.ctrlKey && !event.metaKey) {
			const row = this.shown.get(articles[at].dataset.key ?? '')?.row;
			event.preventDefault();
			if (row)
				this.act(row, event.key);
		} else if (event.key === 'Escape') {
			this.hooks.write();
		}
	}

	/** @param {Row} row @param {string} key */
	act({ event, own, mayDelete }, key) {
		if (!event || isDeleted(event))
			return;
		if (key === 'Delete' && mayDelete)
			this.hooks.edits.ask(this.view.room, event);
		else if (key === 'e' && own)
			this.hooks.edits.edit(event);
		else if (key === 'Enter' || key === 'r')
			this.hooks.reply(event);
	}

	/** @param {Row} row @returns {HTMLElement} */
	make(row) {
		if (row.kind === 'day')
			return h('div', { class: 'day', role: 'separator', 'aria-label': row.label }, row.label || '');
		if (row.kind === 'new')
			return h('div', { class: 'newd', role: 'separator', 'aria-label': 'New messages' }, 'New');
		if (row.kind === 'notice')
			return h('p', { class: 'notice', dir: 'auto' }, withoutBidiControls(row.label || ''));
		return row.kind === 'aside' ? this.makeAside(row.aside) : this.makeMessage(row);
	}

	/** @param {any} aside */
	makeAside(aside) {
		const { room } = this.view;
		return h('article', { class: 'aside', 'aria-label': `Only you see this: ${summaryOf(aside)}`, tabindex: '-1' },
			h('div', { class: 'body' }, h('p', { class: 'st' }, aside.from ? `${withoutBidiControls(aside.from)} · only you see this` : 'Only you see this'), ...textNodes(aside.text, true, () => {})),
			iconButton('close', 'Dismiss', () => this.hooks.dismiss(room, aside)));
	}

	/** @param {Row} row */
	makeMessage(row) {
		const pending = row.kind === 'pending';
		const author = pending ? this.view.me : authorOf(row.event?.data);
		const message = pending ? row.entry : row.event?.data;
		const date = pending ? new Date(row.entry.at) : new Date(row.event?.timestamp ?? 0);
		const time = h('time', { datetime: date.toISOString(), title: date.toLocaleString(), class: row.head ? null : 'g' }, row.head ? timeLabel(date) : shortTimeLabel(date));
		const body = h('div', { class: 'body' });
		if (row.quote)
			body.append(h('p', { class: 'quote', dir: 'auto' }, icon('reply'), row.quote.name ? h('b', {}, h('bdi', {}, row.quote.name)) : '',
				h('span', {}, row.quote.text)));
		const byName = () => [h('b', {}, h('bdi', {}, author.name)), author.kind !== 'person' && h('span', { class: 'kind' }, author.kind)];
		if (row.head)
			body.append(h('div', { class: 'by' }, ...byName(), time));
		const { event } = row;
		const gone = !pending && event !== undefined && isDeleted(event);
		const isAct = isAction(message) && !gone;
		const lead = isAct ? () => h('span', { class: 'lead' }, ...byName()) : undefined; /* the badge too, or a guest could pass for a person */
		body.append(...gone ? [h('p', { class: 'st', dir: 'auto' }, withoutBidiControls(deletedLabel(event)))] : textNodes(message.text, this.unfolded.has(row.key), () => this.unfold(row.key), lead));
		if (row.event?.change && !gone)
			markEdited(body, row.event.change);
		if (pending)
			this.addStatus(body, row);
		const said = gone ? `${author.name}, ${deletedLabel(event)}` : saidBy(message, author.name, ', ');
		const label = `${said}${row.event?.change && !gone ? ', edited' : ''}, ${timeLabel(date)}${row.status === 'failed' ? ', not sent' : row.status ? `, ${row.status}` : ''}`;
		const classes = ['m', row.head && 'h', row.mention && 'at', isAct && 'act', pending && 'pend', row.status === 'failed' && 'failed'].filter(Boolean).join(' ');
		const article = h('article', { class: classes, 'aria-label': label, 'data-seq': row.event?.seq, tabindex: '-1' }, row.head ? avatar(author) : time, body);
		if (!pending && !gone)
			article.append(this.makeBar(row, author.name));
		return article;
	}

	/** @param {Row} row @param {string} name of the author */
	makeBar(row, name) {
		const button = (/** @type {string} */ image, /** @type {string} */ label, /** @type {string} */ key) => iconButton(image, label, () => this.act(row, key), { tabindex: '-1' });
		return h('div', { class: 'bar' }, button('reply', `Reply to ${name}`, 'r'), row.own && button('edit', 'Edit', 'e'), row.mayDelete && button('delete', 'Delete', 'Delete'));
	}

	/** Shows the rest of a long message. The reader goes on where it was cut. @param {string} key */
	unfold(key) {
		this.unfolded.add(key);
		this.shown.get(key)?.element.focus({ preventScroll: true });
		this.look();
	}

	/** @param {HTMLElement} body @param {Row} row */
	addStatus(body, row) {
		if (row.status === 'failed')
			body.append(h('p', { class: 'st bad' }, `Not sent: ${row.entry.error}. `,
				h('button', { type: 'button', class: 'quiet', onclick: () => this.hooks.retry(row.entry) }, 'Retry'),
				h('button', { type: 'button', class: 'quiet', onclick: () => this.hooks.discard(row.entry) }, 'Delete')));
		else if (row.status)
			body.append(h('p', { class: 'st' }, row.status));
	}
}
