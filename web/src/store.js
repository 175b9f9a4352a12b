// The page's state: the person, their rooms with unread counts, and the logs of rooms that were opened.
//
// Counts follow PROTOCOL.md ("What is unread"): they begin with what the server tells of a room, and each event after it is counted once.

import { RoomWindow } from './room_window.js';

/** @typedef {{id: string, name: string, kind: string}} User */
/** @typedef {{id: string, name: string, kind: string, topic: string, role: string, lastSeq: number, countedSeq: number, messages: number,
 *   readSeq: number, readMessages: number, seenMessages: number, readonly unread: number, members: number, newAfter: number, openedAt: number, window: RoomWindow|null, typing: Map<string, {name: string, until: number}>,
 *   asides: import('./rows.js').Aside[]}} Room */

const KEPT_WINDOWS = 20;
const TYPING_MS = 6000;
const KEPT_ASIDES = 50;

/** "room 2" comes before "room 10". */
const naturalOrder = new Intl.Collator(undefined, { numeric: true });

export class Store {
	/** @param {{changed: (room: Room|null) => void, lost: (room: Room) => void, following: (room: Room) => boolean, reading: (room: Room) => boolean, live: (room: Room, event: any) => void, aside: (room: Room, text: string) => void, removed: (room: Room) => void}} hooks */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {User & {role: string}|null} */
		this.me = null;
		/** @type {Map<string, Room>} */
		this.rooms = new Map();
		/** The server's epoch, to which all seqs belong. @type {string|undefined} */
		this.epoch = undefined;
		this.lastAside = 0;
	}

	/** @returns {Room[]} by name */
	sorted() {
		return [...this.rooms.values()].sort((a, b) => naturalOrder.compare(a.name, b.name));
	}

	/** Returns the room. A public room comes before a private one of the same name. @param {string} name or id */
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

	/** Takes the answer of session.start. @param {{user: User & {role: string}, epoch: string, rooms: any[]}} data */
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
			this.put(object, true);
		this.hooks.changed(null);
	}

	/** Called when the server has gone back to an earlier state. The kept logs may hold other events than the server now, so the windows are filled anew. */
	forgetLogs() {
		for (const room of this.rooms.values())
			Object.assign(room, { window: null, newAfter: -1, asides: [] });
	}

	/** Takes a room object of the server. @param {any} object @param {boolean} [afresh] what was counted before is dropped @returns {Room} */
	put(object, afresh = false) {
		const known = this.rooms.get(object.id);
		const room = known ?? this.newRoom(object.id);
		const wasRead = room.unread === 0;
		if (afresh)
			Object.assign(room, { countedSeq: 0, readSeq: 0, readMessages: 0, seenMessages: 0 });
		this.marked(room, object);
		if (object.last_seq >= room.countedSeq)
			Object.assign(room, {
				name: object.name, kind: object.kind, topic: object.topic ?? '', role: object.role ?? 'member', members: object.members ?? 0,
				lastSeq: object.last_seq, countedSeq: object.last_seq, messages: object.messages,
			});
		if (known && wasRead && room.unread > 0)
			room.newAfter = room.readSeq;
		this.rooms.set(room.id, room);
		return room;
	}

	/** @param {string} id @returns {Room} */
	newRoom(id) {
		return {
			id, name: '', kind: 'public', topic: '', role: 'member', members: 0, lastSeq: 0, countedSeq: 0, messages: 0, readSeq: 0, readMessages: 0,
			seenMessages: 0, newAfter: -1, openedAt: 0, window: null, typing: new Map(), asides: [],
			get unread() {
				return Math.max(0, this.messages - Math.max(this.readMessages, this.seenMessages));
			},
		};
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

	/** Gives a room that is opened a window. Drops the windows of rooms that were not opened for long. @param {Room} room */
	open(room) {
		room.openedAt = Date.now();
		const others = [...this.rooms.values()].filter((r) => r.window && r !== room).sort((a, b) => b.openedAt - a.openedAt);
		for (const old of others.slice(KEPT_WINDOWS - 1))
			old.window = null;
	}

	/** Takes the place up to which the person has read, as the server tells it. @param {Room} room @param {{read_seq: number, read_messages: number}} mark */
	marked(room, mark) {
		room.readSeq = Math.max(room.readSeq, mark.read_seq);
		room.readMessages = Math.max(room.readMessages, mark.read_messages);
		this.hooks.changed(room);
	}

	/** Called when the person has read on another connection. The "New" line moves there too, unless the person reads here as well. @param {Room} room */
	readElsewhere(room) {
		if (!this.hooks.reading(room))
			room.newAfter = room.unread > 0 ? room.readSeq : -1;
	}

	/** Takes any event of the connection. @param {any} event */
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
			if (room) {
				this.marked(room, event.data);
				this.readElsewhere(room);
			}
			return;
		case 'room.gap':
			room?.window?.skip(event.data.to);
			if (room && event.data.to > room.countedSeq)
				this.hooks.lost(room); /* only the server knows how many messages are left out */
			break;
		case 'typing':
			if (room && event.data.user.id !== this.me?.id)
				this.typing(room, event.data);
			break;
		case 'message.ephemeral':
			if (room)
				this.aside(room, event.data.text, event.data.author?.name);
			break;
		default:
			if (room && typeof event.seq === 'number')
				this.logged(room, event);
		}
		if (room)
			this.hooks.changed(room);
	}

	/** Shows something to this person alone, behind what is in the room now. It is gone with the page. @param {Room} room @param {string} text @param {string} [from] the hook that says it */
	aside(room, text, from) {
		room.asides = [...room.asides.slice(1 - KEPT_ASIDES), { id: ++this.lastAside, text, from, after: room.lastSeq }];
		this.hooks.aside(room, text);
		this.hooks.changed(room);
	}

	/** @param {Room} room @param {import('./rows.js').Aside} aside */
	dismiss(room, aside) {
		room.asides = room.asides.filter((other) => other !== aside);
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

	/** Takes a remembered event. @param {Room} room @param {any} event */
	logged(room, event) {
		const following = this.hooks.following(room);
		const isNew = room.window ? room.window.append(event, following) : event.seq > room.countedSeq;
		room.lastSeq = Math.max(room.lastSeq, event.seq);
		if (event.seq > room.countedSeq)
			this.count(room, event);
		if (isNew && event.type === 'message.created')
			this.hooks.live(room, event);
	}

	/** Counts an event that is behind those that the server has told of or that were counted. @param {Room} room @param {any} event */
	count(room, event) {
		room.countedSeq = event.seq;
		if (event.type === 'message.created')
			this.message(room, event);
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
		const wasRead = room.unread === 0;
		room.messages++;
		room.typing.delete(event.data.author.id);
		if (event.data.author.id === this.me?.id) {
			/* An author has read up to the own message, on all connections. */
			this.marked(room, { read_seq: event.seq, read_messages: room.messages });
			room.newAfter = -1;
		} else if (this.hooks.reading(room)) {
			room.seenMessages = room.messages; /* the next mark tells the server */
		} else if (wasRead) {
			room.newAfter = event.seq - 1;
		}
	}
}
