// The open room: its head, the banner about the connection, its log, the composer, and the people who are typing.

import { h, icon, iconButton } from './dom.js';
import { nameList } from './rows.js';
import { withoutBidiControls } from './text.js';
import { ComposerView } from './view_composer.js';
import { LogView } from './view_log.js';

/** "Ana is typing…" @param {any} room @param {number} now */
function typingText(room, now) {
	const names = [];
	for (const [id, { name, until }] of room.typing) {
		if (until > now)
			names.push(withoutBidiControls(name));
		else
			room.typing.delete(id);
	}
	if (names.length > 3)
		return 'Several people are typing…';
	return names.length ? `${nameList(names)} ${names.length === 1 ? 'is' : 'are'} typing…` : '';
}

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
		this.typing = h('div', { class: 'typing', 'aria-hidden': 'true' });
		this.head = h('header', { class: 'hd' }, iconButton('back', 'Back to rooms', () => hooks.back(), { class: 'ib back' }), this.kind, this.title, this.topic, this.members);
		this.empty = h('div', { class: 'empty', hidden: true });
		this.element = h('main', { class: 'main' }, this.head, this.banner, this.empty, this.log.element, this.composer.element, this.typing);
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
		for (const part of [this.head, this.log.element, this.composer.element, this.typing])
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
		const typing = view.online ? typingText(room, Date.now()) : '';
		if (this.typing.textContent !== typing)
			this.typing.textContent = typing;
	}
}
