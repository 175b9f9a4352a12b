// Fetches what a room's window lacks: its first page, older and newer ones. Tells the server what was read.

import { PAGE_EVENTS, RoomWindow } from './room_window.js';

const MARK_MS = 1000;

export class RoomReader {
	/** @param {{request: (type: string, data: any) => Promise<any>, changed: (room: any) => void, marked: (room: any, mark: any) => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {Set<string>} rooms with a page under way */
		this.busy = new Set();
		/** @type {Map<string, string>} what went wrong, by room */
		this.errors = new Map();
		/** What was seen of rooms whose read mark is under way: room id → seq. @type {Map<string, number>} */
		this.marking = new Map();
	}

	/** Reads one page at a time for a room. @param {any} room @param {any} which @param {(page: any, window: RoomWindow) => void} take */
	async page(room, which, take) {
		const window = room.window;
		if (this.busy.has(room.id))
			return;
		this.busy.add(room.id);
		this.errors.delete(room.id);
		this.hooks.changed(room);
		try {
			const page = await this.hooks.request('history.read', { room: room.id, limit: PAGE_EVENTS, ...which });
			if (room.window !== window)
				return;
			window.learn(page.events.concat(page.changes ?? []));
			take(page, window);
			room.window.tidy();
		} catch (/** @type {any} */ error) {
			if (error.code !== 'disconnected')
				this.errors.set(room.id, 'Messages could not be loaded.');
		} finally {
			this.busy.delete(room.id);
			this.hooks.changed(room);
		}
	}

	/** Reads the first page: the newest one, or the one where the person stopped reading if that is far back. @param {any} room */
	fill(room) {
		if (room.window && !room.window.filling)
			return Promise.resolve();
		room.window ??= new RoomWindow();
		room.newAfter = room.unread > 0 ? room.readSeq : -1;
		const farBack = room.unread > PAGE_EVENTS - 20;
		return this.page(room, farBack ? { around: Math.max(1, room.readSeq) } : {}, (page, window) => {
			const first = page.events[0]?.seq ?? 1;
			window.fill(page.events, farBack ? first > 1 : page.more, page.last_seq);
		});
	}

	/** @param {any} room */
	older(room) {
		const window = room.window;
		if (window?.filling)
			this.fill(room); /* the first page did not come */
		if (!window?.hasOlder || window.filling)
			return;
		const before = window.firstSeq || window.cursor + 1;
		this.page(room, { before }, (page) => window.firstSeq <= before && window.prepend(page.events, page.more));
	}

	/** @param {any} room */
	newer(room) {
		const window = room.window;
		if (window && !window.atEnd && !window.filling)
			this.page(room, { after: window.lastSeq }, (page) => window.extend(page.events));
	}

	/** Replaces what is shown by the newest page. @param {any} room */
	async present(room) {
		const old = room.window;
		if (!old || old.atEnd || this.busy.has(room.id))
			return;
		await this.page(room, {}, (page) => {
			const window = new RoomWindow();
			window.cursor = old.cursor;
			window.changes = old.changes;
			window.fill(page.events, page.more, page.last_seq);
			window.atEnd = window.lastSeq >= old.cursor;
			room.window = window;
		});
	}

	/** Called when everything in the room up to now was seen. Tells the server after a moment, so that a busy room does not cost a request for each message.
	 * What arrives after the person has turned away is not included. @param {any} room */
	mark(room) {
		if (room.unread === 0 && room.readSeq >= room.lastSeq)
			return;
		const underWay = this.marking.has(room.id);
		this.marking.set(room.id, room.lastSeq);
		if (!underWay)
			this.markLater(room);
	}

	/** @param {any} room */
	markLater(room) {
		setTimeout(() => {
			const seq = this.marking.get(room.id) ?? 0;
			this.hooks.request('read.mark', { room: room.id, seq })
				.then((mark) => this.hooks.marked(room, mark), () => {})
				.finally(() => {
					if ((this.marking.get(room.id) ?? 0) > seq)
						this.markLater(room);
					else
						this.marking.delete(room.id);
				});
		}, MARK_MS);
	}
}
