// The open room: its head, the banner about the connection, its log, the composer, and the parts that add themselves (components.js).

import { roomParts } from './components.js';
import { h, icon, iconButton } from './dom.js';
import { withoutBidiControls } from './text.js';
import { ComposerView } from './view_composer.js';
import { LogView } from './view_log.js';

/** @param {import('./components.js').RoomPart[]} parts */
const elementsOf = (parts) => parts.map((part) => part.element);

export class RoomView {
	/** @param {{log: any, composer: any, back: () => void, details: (room: any) => void, retryNow: () => void}} hooks */
	constructor(hooks) {
		this.log = new LogView(hooks.log);
		this.composer = new ComposerView(hooks.composer);
		this.kind = h('span', { class: 'hd-icon' });
		this.title = h('h1', {});
		this.topic = h('span', { class: 'topic', dir: 'auto' });
		this.members = h('button', { type: 'button', class: 'ib wide', onclick: () => this.room && hooks.details(this.room) });
		this.bannerText = h('span', { class: 'grow' });
		this.banner = h('div', { class: 'net', role: 'status', hidden: true }, this.bannerText, h('button', { type: 'button', class: 'quiet', onclick: () => hooks.retryNow() }, 'Retry now'));
		this.above = roomParts('above');
		this.below = roomParts('below');
		this.head = h('header', { class: 'hd' }, iconButton('back', 'Back to rooms', () => hooks.back(), { class: 'ib back' }), this.kind, this.title, this.topic, this.members);
		this.empty = h('div', { class: 'empty', hidden: true });
		this.element = h('main', { class: 'main' }, this.head, this.banner, this.empty, ...elementsOf(this.above), this.log.element, this.composer.element, ...elementsOf(this.below));
		/** @type {any} */
		this.room = null;
	}

	/** @param {string} text empty: no banner */
	renderBanner(text) {
		this.banner.hidden = !text;
		if (this.bannerText.textContent !== text)
			this.bannerText.textContent = text;
	}

	/** Shows other content while there is no room to show. @param {string} sig tells it from others: the same one keeps its elements and the focus @param {() => (Node|string)[]} content */
	renderEmpty(sig, content) {
		if (this.room === null && this.empty.dataset.sig === sig)
			return;
		this.room = null;
		this.empty.dataset.sig = sig;
		const hadFocus = this.empty.contains(document.activeElement);
		this.empty.replaceChildren(...content());
		this.showParts(false);
		if (hadFocus)
			this.empty.querySelector('button')?.focus();
		this.element.removeAttribute('aria-label');
	}

	/** @param {boolean} hasRoom */
	showParts(hasRoom) {
		this.empty.hidden = hasRoom;
		for (const part of [this.head, ...elementsOf(this.above), this.log.element, this.composer.element, ...elementsOf(this.below)])
			part.hidden = !hasRoom;
	}

	/** @param {{room: any, pending: any[], me: any, online: boolean, error: string, loading: boolean}} view */
	render(view) {
		const { room, me } = view;
		if (this.room !== room) {
			this.room = room;
			this.showParts(true);
			this.log.reset();
			this.composer.show(room, me.id);
		}
		const sig = JSON.stringify([room.id, room.name, room.kind, room.topic, room.members]);
		if (this.head.dataset.sig !== sig) {
			this.head.dataset.sig = sig;
			this.element.setAttribute('aria-label', room.name);
			this.kind.replaceChildren(icon(room.kind === 'private' ? 'lock' : 'hash'));
			this.title.replaceChildren(h('bdi', {}, room.name));
			this.topic.textContent = this.topic.title = withoutBidiControls(room.topic);
			this.members.replaceChildren(icon('people'), h('span', {}, String(room.members)));
			this.members.setAttribute('aria-label', `About this room, ${room.members} ${room.members === 1 ? 'member' : 'members'}`);
			this.composer.rename(room);
		}
		this.log.render({ ...view, window: room.window });
		for (const part of this.above.concat(this.below))
			part.render(view);
	}
}
