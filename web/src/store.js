// What the page knows: who one is, one's rooms with their unread counts (the server's), and the log of rooms that were opened.

import { RoomWindow } from './room_window.js';

/** @typedef {{id: string, name: string, kind: string}} User */
/** @typedef {{id: string, name: string, kind: string, topic: string, role: string, lastSeq: number, readSeq: number, unread: number,
 *   members: number, countedSeq: number, newAfter: number, openedAt: number, window: RoomWindow|null, typing: Map<string, {name: string, until: number}>}} Room */

const KEPT_WINDOWS = 20;
const TYPING_MS = 6000;

export class Store {
	/** @param {{changed: (room: Room|null) => void, following: (room: Room) => boolean, reading: (room: Room) => boolean, live: (room: Room, event: any) => void, removed: (room: Room) => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {User & {role: string}|null} */
		this.me = null;
		/** @type {Map<string, Room>} */
		this.rooms = new Map();
		/** The server's, in which all seqs hold. @type {string|undefined} */
		this.epoch = undefined;
	}

	/** @returns {Room[]} by name */
	sorted() {
		return [...this.rooms.values()].sort((a, b) => a.name.localeCompare(b.name));
	}

	/** A public one before a private one of the same name. @param {string} name or id */
	byName(name) {
		const named = [...this.rooms.values()].filter((r) => r.name === name);
		return this.rooms.get(name) ?? named.find((r) => r.kind === 'public') ?? named[0] ?? null;
	}

	unreadTotal() {
		return this.sorted().reduce((sum, room) => sum + room.unread, 0);
	}

	/** The cursors to resume from. */
	cursors() {
		/** @type {Record<string, number>} */
		const cursors = {};
		for (const room of this.rooms.values())
			if (room.window && !room.window.filling)
				cursors[room.id] = room.window.cursor;
		return cursors;
	}

	/** The answer of session.start. @param {{user: User & {role: string}, epoch: string, rooms: any[]}} data */
	start(data) {
		if (this.epoch !== data.epoch)
			this.forgetLogs();
		this.epoch = data.epoch;
		const isOther = this.me !== null && this.me.id !== data.user.id;
		this.me = data.user;
		const ids = new Set(data.rooms.map((r) => r.id));
		for (const id of [...this.rooms.keys()])
			if (isOther || !ids.has(id))
				this.remove(id);
		for (const object of data.rooms)
			this.put(object);
		this.hooks.changed(null);
	}

	/** The server went back to an earlier state: what is kept of the logs may be other events by now. The windows are filled anew. */
	forgetLogs() {
		for (const room of this.rooms.values())
			Object.assign(room, { window: null, newAfter: -1 });
	}

	/** A room object of the server. @param {any} object @returns {Room} */
	put(object) {
		const known = this.rooms.get(object.id);
		const room = known ?? {
			id: object.id, newAfter: -1, openedAt: 0, window: null, typing: new Map(), countedSeq: 0, readSeq: 0, lastSeq: 0, unread: 0,
			name: '', kind: 'public', topic: '', role: 'member', members: 0,
		};
		const wasRead = room.unread === 0;
		Object.assign(room, {
			name: object.name, kind: object.kind, topic: object.topic ?? '', role: object.role ?? 'member',
			lastSeq: object.last_seq, countedSeq: object.last_seq, readSeq: object.read_seq ?? 0, unread: object.unread ?? 0, members: object.members ?? 0,
		});
		if (known && wasRead && room.unread > 0)
			room.newAfter = room.readSeq;
		this.rooms.set(room.id, room);
		return room;
	}

	/** @param {string} id */
	remove(id) {
		const room = this.rooms.get(id);
		if (!room)
			return;
		this.rooms.delete(id);
		this.hooks.removed(room);
		this.hooks.changed(null);
	}

	/** The window of a room that is opened now; those of rooms not opened for long are let go. @param {Room} room */
	open(room) {
		room.openedAt = Date.now();
		const others = [...this.rooms.values()].filter((r) => r.window && r !== room).sort((a, b) => b.openedAt - a.openedAt);
		for (const old of others.slice(KEPT_WINDOWS - 1))
			old.window = null;
	}

	/** What came since the mark went out is seen as well where one reads: the next mark tells. @param {Room} room
	 * @param {{read_seq: number, unread: number}} mark */
	marked(room, mark) {
		room.readSeq = Math.max(room.readSeq, mark.read_seq);
		room.unread = this.hooks.reading(room) ? 0 : mark.unread;
		this.hooks.changed(room);
	}

	/** Any event of the connection. @param {any} event */
	apply(event) {
		const room = this.rooms.get(event.room);
		switch (event.type) {
		case 'room.added':
			this.put(event.data);
			this.hooks.changed(null);
			return;
		case 'room.removed':
			this.remove(event.room);
			return;
		case 'read.marked':
			if (room)
				this.marked(room, event.data);
			return;
		case 'room.gap':
			room?.window?.skip(event.data.to);
			break;
		case 'typing':
			if (room && event.data.user.id !== this.me?.id)
				this.typing(room, event.data);
			break;
		default:
			if (room && typeof event.seq === 'number')
				this.logged(room, event);
		}
		if (room)
			this.hooks.changed(room);
	}

	/** @param {Room} room @param {{user: User, typing: boolean}} data */
	typing(room, data) {
		if (!data.typing)
			room.typing.delete(data.user.id);
		else
			room.typing.set(data.user.id, { name: data.user.name, until: Date.now() + TYPING_MS });
		setTimeout(() => this.hooks.changed(room), TYPING_MS + 50);
	}

	/** A remembered event. @param {Room} room @param {any} event */
	logged(room, event) {
		const following = this.hooks.following(room);
		const isNew = room.window ? room.window.append(event, following) : event.seq > room.countedSeq;
		if (!isNew)
			return;
		room.lastSeq = Math.max(room.lastSeq, event.seq);
		if (event.type === 'message.created')
			this.message(room, event);
		if (event.seq <= room.countedSeq)
			return;
		room.countedSeq = event.seq;
		if (event.type === 'member.joined')
			room.members++;
		if (event.type === 'member.left') {
			room.members--;
			room.typing.delete(event.data.user.id);
			if (event.data.user.id === this.me?.id)
				this.remove(room.id);
		}
		if (event.type === 'member.updated' && event.data.user.id === this.me?.id)
			room.role = event.data.role;
		if (event.type === 'room.updated') {
			room.name = event.data.name ?? room.name;
			room.topic = event.data.topic ?? room.topic;
			this.hooks.changed(null);
		}
	}

	/** @param {Room} room @param {any} event */
	message(room, event) {
		const isCounted = event.seq > room.countedSeq && event.data.author.id !== this.me?.id && !this.hooks.reading(room);
		room.typing.delete(event.data.author.id);
		if (isCounted && room.unread++ === 0)
			room.newAfter = event.seq - 1;
		this.hooks.live(room, event);
	}
}
