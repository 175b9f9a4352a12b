// The side: the person's rooms with their unread counts, the way to other rooms, and the person.

import { avatar, h, icon, iconButton } from './dom.js';
import { roomPath } from './room_path.js';

export class RoomsView {
	/** @param {{open: (room: any) => void, openGone: (room: any) => void, jump: () => void, create: () => void, signOut: () => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		this.list = h('ul', { 'aria-labelledby': 'rooms-title' });
		this.me = h('div', { class: 'me' });
		this.brand = h('span', {}, 'Parley');
		this.element = h('div', { class: 'side', role: 'navigation', 'aria-label': 'Rooms' },
			h('div', { class: 'ws' }, h('img', { class: 'logo', src: document.querySelector('link[rel=icon]')?.getAttribute('href'), alt: '' }), this.brand),
			h('button', { type: 'button', class: 'find', 'aria-keyshortcuts': 'Control+K', onclick: () => hooks.jump() }, icon('search'), 'Jump to…', h('kbd', {}, 'Ctrl K')),
			h('div', { class: 'nav' },
				h('div', { class: 'nav-title' }, h('h2', { id: 'rooms-title' }, 'Rooms'), iconButton('plus', 'New room', () => hooks.create())), this.list),
			this.me);
		this.sig = '';
		this.currentId = '';
		/** @type {Map<string, {sig: string, element: HTMLElement}>} */
		this.shown = new Map();
	}

	/** @param {{rooms: any[], gone: any[], current: any, me: any, online: boolean, alone: boolean}} view gone: rooms that the person is no longer in and has
	 * unsent messages for. alone: nothing else is on the screen */
	render({ rooms, gone, current, me, online, alone }) {
		this.renderAlone(alone);
		const sig = JSON.stringify([[...rooms, ...gone].map((r) => [r.id, r.name, r.kind, r.unread, r.unsent]), current?.id, me.name, online]);
		if (sig === this.sig)
			return;
		this.sig = sig;
		const focused = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset.room;
		this.reconcile([...rooms.map((room) => ({ room, make: () => this.row(room, room === current) })), ...gone.map((room) => ({ room, make: () => this.goneRow(room, room.id === current?.id) }))],
			current?.id);
		if (focused)
			/** @type {HTMLElement|null} */ (this.list.querySelector(`[data-room="${focused}"]`))?.focus({ preventScroll: true });
		const kind = me.kind === 'guest' ? 'Guest' : me.role === 'owner' ? 'Owner' : 'Signed in';
		this.me.replaceChildren(h('span', { class: online ? 'pres' : 'pres off' }, avatar(me, 'av small'), h('i', {})),
			h('span', { class: 'who' }, h('bdi', {}, me.name), h('span', {}, online ? kind : 'Offline')), iconButton('leave', 'Sign out', () => this.hooks.signOut()));
		if (current?.id !== this.currentId)
			this.list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
		this.currentId = current?.id;
	}

	/** Rows that did not change keep their elements, because a click that has begun on an element is lost when it goes. @param {{room: any, make: () => Node}[]} rows @param {string|undefined} currentId */
	reconcile(rows, currentId) {
		const shown = new Map(rows.map(({ room, make }) => {
			const sig = JSON.stringify([room.name, room.kind, room.unread, room.unsent, room.id === currentId]);
			const known = this.shown.get(room.id);
			return [room.id, known?.sig === sig ? known : { sig, element: h('li', {}, make()) }];
		}));
		for (const [id, { element }] of this.shown)
			if (shown.get(id)?.element !== element)
				element.remove();
		let next = this.list.firstElementChild;
		for (const { element } of shown.values()) {
			if (element === next)
				next = next.nextElementSibling;
			else
				this.list.insertBefore(element, next);
		}
		this.shown = shown;
	}

	/** The page has one heading of the first level: the room's, or this one when only the list is shown. @param {boolean} alone */
	renderAlone(alone) {
		this.element.setAttribute('role', alone ? 'main' : 'navigation');
		const tag = alone ? 'H1' : 'SPAN';
		if (this.brand.tagName === tag)
			return;
		const brand = h(tag, {}, 'Parley');
		this.brand.replaceWith(brand);
		this.brand = brand;
	}

	/** @param {{id: string, name: string, unsent: number}} room @param {boolean} isCurrent */
	goneRow(room, isCurrent) {
		return h('button', { type: 'button', class: 'row', 'data-room': room.id, 'aria-current': isCurrent ? 'page' : null, onclick: () => this.hooks.openGone(room) },
			icon('close'), h('bdi', { class: 'n' }, room.name), h('span', { class: 'bad' }, `${room.unsent} not sent`));
	}

	/** @param {any} room @param {boolean} isCurrent */
	row(room, isCurrent) {
		const unread = room.unread > 0;
		const open = (/** @type {MouseEvent} */ event) => {
			if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey)
				return; /* a new tab is the browser's business */
			event.preventDefault();
			this.hooks.open(room);
		};
		return h('a', { class: unread ? 'row unread' : 'row', href: roomPath(room), 'data-room': room.id, 'aria-current': isCurrent ? 'page' : null, onclick: open },
			icon(room.kind === 'private' ? 'lock' : 'hash'), h('bdi', { class: 'n' }, room.name),
			unread && h('span', { class: 'count', 'aria-hidden': 'true' }, room.unread > 99 ? '99+' : String(room.unread)),
			unread && h('span', { class: 'sr' }, `, ${room.unread} unread`));
	}
}
