// Drafts, for each room and tab. Only the tab itself changes and removes its drafts. The first tab that opens a room takes over the draft that a closed tab
// left there.
//
// A tab cannot ask whether another one is open. So it takes a draft over by removing it. A tab that is open puts its own draft back, and so shows that
// the draft is not left behind. After a reload a tab knows its drafts by an id, which is in the tab's storage only while the page is away. A copy of a tab
// ("Duplicate") does not find the id and is another tab.

import { keep, keptInTab, keepInTab, keptKeys, recall, whenOthersKeep } from './storage.js';

export class Drafts {
	/** @param {{returned: (roomId: string) => void}} hooks a draft that was taken over belongs to a tab that is open */
	constructor(hooks) {
		this.hooks = hooks;
		this.owner = '';
		this.tab = '';
		/** Rooms in which this tab has written. It takes over no draft there. @type {Set<string>} */
		this.own = new Set();
		/** @type {Map<string, string>} key that was taken over → room */
		this.taken = new Map();
		/** Keys of drafts that open tabs have put back. @type {Set<string>} */
		this.theirs = new Set();
		this.arrive();
		addEventListener('pagehide', () => keepInTab('tab', { tab: this.tab, own: [...this.own] }));
		addEventListener('pageshow', (event) => event.persisted && this.arrive());
		whenOthersKeep((key, before, now) => this.changedElsewhere(key, before, now));
	}

	arrive() {
		const { tab, own } = keptInTab('tab') ?? { tab: Math.random().toString(36).slice(2), own: [] };
		this.tab = tab;
		this.own = new Set(own);
		keepInTab('tab', null);
	}

	/** @param {string} userId */
	load(userId) {
		this.owner = userId;
	}

	/** @param {string} roomId */
	prefix(roomId) {
		return `draft.${this.owner}.${roomId}`;
	}

	/** @param {string} roomId */
	key(roomId) {
		return `${this.prefix(roomId)}.${this.tab}`;
	}

	/** @param {string} roomId @returns {string} */
	text(roomId) {
		const key = this.key(roomId);
		if (!this.own.has(key) && recall(key) === null)
			this.takeOver(roomId);
		return recall(key)?.text ?? '';
	}

	/** The newest draft that another tab left there, if there is one. @param {string} roomId */
	takeOver(roomId) {
		const [newest] = keptKeys(this.prefix(roomId)).filter((key) => !this.theirs.has(key)).map((key) => ({ key, draft: recall(key) })).filter(({ draft }) => draft?.text)
			.sort((a, b) => b.draft.at - a.draft.at);
		if (!newest)
			return;
		keep(this.key(roomId), newest.draft);
		keep(newest.key, null);
		this.taken.set(newest.key, roomId);
	}

	/** @param {string} roomId @param {string} text blank: no draft */
	set(roomId, text) {
		this.own.add(this.key(roomId));
		keep(this.key(roomId), text.trim() ? { text, at: Date.now() } : null);
	}

	/** @param {string} key @param {any} before @param {any} now null: removed */
	changedElsewhere(key, before, now) {
		const roomId = this.taken.get(key);
		if (key.startsWith('draft.') && key.endsWith(`.${this.tab}`) && before && now === null) {
			keep(key, before);
		} else if (roomId && now !== null) {
			this.taken.delete(key);
			this.theirs.add(key);
			if (this.own.has(this.key(roomId)))
				return;
			keep(this.key(roomId), null);
			this.hooks.returned(roomId);
		}
	}
}
