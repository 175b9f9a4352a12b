// The page: connects the connection, the store and the views. The store has the state, and every change asks for one render per frame.

import { Announcer } from './announcer.js';
import { BANNER_AFTER_MS, bannerText } from './banner.js';
import { Connection, post, unless } from './connection.js';
import { authorOf, saidBy, summaryOf } from './digest.js';
import { h, leaveKeysToInputMethods } from './dom.js';
import { Drafts } from './drafts.js';
import { firstRoom } from './first_room.js';
import { MessageEdits } from './message_edits.js';
import { Outbox } from './outbox.js';
import { focusNextRegion } from './regions.js';
import { roomOfPath, roomPath } from './room_path.js';
import { RoomReader } from './room_reader.js';
import { cookieWasSet, renewCookie } from './session_cookie.js';
import { keep, recall } from './storage.js';
import { Store } from './store.js';
import { TypedCommands } from './typed_commands.js';
import { closeDialogs, confirmDialog, createDialog, detailsDialog, jumpDialog } from './view_dialogs.js';
import { emptyContent } from './view_empty.js';
import { RoomView } from './view_room.js';
import { RoomsView } from './view_rooms.js';
import { SignInView, keepDoor, sentence } from './view_sign_in.js';

const OWNER_PATH = '/own'; /* of the link that a server prints which nobody owns yet */
const NARROW = '(max-width: 720px)'; /* as in app.css */

class App {
	constructor() {
		this.root = /** @type {HTMLElement} */ (document.getElementById('app'));
		this.announcer = new Announcer(/** @type {HTMLElement} */ (document.getElementById('announcer')));
		/** @type {any} the open room */
		this.current = null;
		/** The room of the address when the person is not in it, otherwise empty. */
		this.missing = '';
		/** A room that the person is no longer in, and that was open or has unsent messages. @type {{id: string, name: string, kind?: string}|null} */
		this.gone = null;
		/** Rooms that the person was in since the page was loaded, by what their address names. The address is in the browser's history, and going back to it joins no room. @type {Map<string, any>} */
		this.left = new Map();
		/** Counts the person's moves from place to place. An action that began at one place must not move the person away from another. */
		this.moves = 0;
		/** Set from signing in to the first room. The composer then gets the focus, with any kind of pointer. */
		this.justJoined = false;
		this.frame = 0;
		/** @type {'splash'|'door'|'chat'} */
		this.screen = 'splash';
		this.store = new Store({
			changed: () => this.changed(),
			lost: (room) => this.lookAgain(room),
			following: (room) => room !== this.current || this.isReading(room),
			reading: (room) => this.isReading(room),
			live: (room, event) => this.messageCame(room, event),
			aside: (room, text) => room === this.current && this.announcer.say(`Only you see this: ${summaryOf({ text })}`),
			removed: (room) => this.removed(room),
		});
		this.connection = new Connection({
			resume: () => ({ epoch: this.store.epoch, resume: this.store.cursors() }),
			started: (data) => this.started(data),
			event: (event) => this.store.apply(event),
			afresh: () => this.store.forgetLogs(),
			signedOut: (why) => this.showDoor(this.isSigningOut ? { ...why, code: 'left' } : why),
			changed: () => this.changed(),
			trouble: () => this.splash(),
			probe: () => this.current ? ['room.get', { room: this.current.id }] : ['room.list', { limit: 1 }],
		});
		const request = this.request = (/** @type {string} */ type, /** @type {any} */ data) => this.connection.request(type, data);
		this.isSigningOut = false;
		this.drafts = new Drafts({ returned: (roomId) => this.draftGone(roomId) });
		this.outbox = new Outbox({ request, live: () => this.connection.live, changed: () => this.changed() });
		this.reader = new RoomReader({ request, changed: () => this.changed(), marked: (room, mark) => this.store.marked(room, mark) });
		this.commands = new TypedCommands({ request, aside: (room, text) => { this.store.aside(room, text); }, left: (room) => this.hasLeft(room) });
		this.edits = new MessageEdits({
			request, me: () => this.store.me, aside: (room, text) => { this.store.aside(room, text); }, edit: (event) => this.roomView.composer.edit(event), deleted: (event) => this.roomView.log.regain(event),
		});
		this.roomsView = new RoomsView({ open: (room) => this.go(room), openGone: (room) => this.showGone(room), jump: () => this.jump(), create: () => this.create(''), signOut: () => this.askSignOut() });
		this.roomView = this.makeRoomView();
		this.chat = h('div', { class: 'app' }, this.roomsView.element, this.roomView.element);
		addEventListener('popstate', () => {
			closeDialogs();
			if (isOwnerLink())
				location.reload(); /* a newer one in the place of the one that was opened */
			else
				this.openAddress();
		});
		leaveKeysToInputMethods();
		document.addEventListener('visibilitychange', () => this.changed());
		document.addEventListener('keydown', (event) => this.key(event));
		matchMedia(NARROW).addEventListener('change', () => this.changed());
		setInterval(() => this.changed(), 30000); /* day lines */
		this.splashTimer = setTimeout(() => this.splash(), BANNER_AFTER_MS + 1000);
		setInterval(() => this.connection.live && renewCookie(), 3600000);
		if (isOwnerLink())
			this.showOwnerDoor(location.hash.slice(1));
		else
			this.connection.start();
	}

	/** Each hook names its room: the one that the person saw when acting, which may not be the open one any more. @returns {RoomView} */
	makeRoomView() {
		return new RoomView({
			back: () => this.go(null),
			details: (room) => detailsDialog({ room, me: this.store.me, request: this.request, leave: () => this.leave(room) }),
			retryNow: () => this.connection.retryNow(),
			log: {
				older: (/** @type {any} */ room) => this.reader.older(room),
				newer: (/** @type {any} */ room) => this.reader.newer(room),
				present: (/** @type {any} */ room) => this.toPresent(room),
				place: () => this.changed(),
				reply: (/** @type {any} */ event) => this.roomView.composer.reply(event),
				edits: this.edits,
				write: () => this.roomView.composer.focus(true),
				retry: (/** @type {any} */ entry) => this.outbox.retry(entry),
				discard: (/** @type {any} */ entry) => this.outbox.remove(entry),
				dismiss: (/** @type {any} */ room, /** @type {any} */ aside) => this.store.dismiss(room, aside),
			},
			composer: {
				drafts: this.drafts,
				commands: this.commands,
				edits: this.edits,
				send: (/** @type {any} */ room, /** @type {string} */ text, /** @type {number|undefined} */ replyTo) => this.send(room, text, replyTo),
				typing: (/** @type {any} */ room, /** @type {boolean} */ typing) => this.connection.live && this.request('typing.set', { room: room.id, typing }).catch(() => {}),
				limit: () => this.connection.textLimit,
			},
		});
	}

	splash() {
		const { trouble } = this.connection;
		if (this.screen === 'splash')
			this.root.querySelector('.splash p')?.replaceChildren(trouble ? sentence(trouble) : 'The server cannot be reached. Trying again…');
	}

	/** @param {{code: string}} why */
	showDoor({ code }) {
		this.store.rooms.clear();
		this.store.me = null;
		this.current = this.gone = null;
		this.left.clear();
		this.missing = '';
		closeDialogs();
		document.title = 'Parley';
		if (code === 'left')
			history.replaceState(null, '', '/');
		const notice = code === 'unauthenticated' || code === 'left' ? '' : 'Your session has ended. Please sign in again.';
		this.openDoor({ ...this.connection.open, notice });
	}

	/** Shows the form for the account that owns the server, to the person who started it. @param {string} ownerCode */
	showOwnerDoor(ownerCode) {
		this.openDoor({ guests: false, accounts: false, ownerCode, notice: '' });
	}

	/** @param {{guests: boolean, accounts: boolean, notice: string, ownerCode?: string}} options */
	openDoor(options) {
		clearTimeout(this.splashTimer);
		this.screen = 'door';
		const door = new SignInView({ ...options, done: () => {
			this.justJoined = true;
			cookieWasSet();
			if (location.pathname === OWNER_PATH)
				history.replaceState(null, '', '/');
			this.connection.start();
		} });
		this.root.replaceChildren(door.element);
		door.focus();
	}

	/** Takes the answer of session.start. @param {any} data */
	started(data) {
		clearTimeout(this.splashTimer);
		const isOther = this.store.me !== null && this.store.me.id !== data.user.id;
		this.store.start(data);
		if (isOther) { /* signed in as somebody else in another tab: not removed from anything */
			this.left.clear();
			this.show(null);
		}
		this.outbox.load(data.user.id);
		this.drafts.load(data.user.id);
		keepDoor(data.user.kind);
		if (this.screen !== 'chat') {
			this.screen = 'chat';
			this.root.replaceChildren(this.chat);
		}
		/* The connection counts as live only after this returns. */
		queueMicrotask(() => this.online());
	}

	online() {
		this.outbox.flush();
		renewCookie();
		if (this.current) {
			if (this.current.window?.filling !== false)
				this.reader.fill(this.current);
		} else if (!this.gone) {
			this.openAddress();
		}
	}

	/** Opens the room that the address names. */
	async openAddress() {
		if (this.screen !== 'chat')
			return;
		this.moves++;
		const name = roomOfPath(location.pathname);
		const known = name ? this.store.byName(name) : null;
		if (known)
			return this.show(known);
		if (this.left.has(name))
			return this.showGone(this.left.get(name));
		if (!name || name !== this.missing)
			this.show(null);
		if (!this.connection.live)
			return;
		if (name)
			return this.tryRoom(name);
		if (this.store.rooms.size === 0)
			return this.left.size === 0 && this.firstRoom(); /* who has left them all stays out */
		if (!narrow())
			this.go(this.store.byName(recall(`room.${this.store.me?.id}`) ?? '') ?? this.store.sorted()[0], true);
	}

	/** Brings a person without rooms into the first room. */
	async firstRoom() {
		const { moves } = this;
		try {
			const room = await firstRoom({ request: this.request, join: (name) => this.join(name), create: (wanted) => this.createRoom(wanted) });
			if (room)
				this.enter(room, moves);
			else if (moves === this.moves)
				this.jump();
		} catch { /* the empty state tells what can be done */ }
	}

	/** @param {string} room name, as in the address, or id @param {string} [name] */
	async tryRoom(room, name = room) {
		const { moves } = this;
		try {
			this.enter(await this.join(room), moves);
		} catch (/** @type {any} */ error) {
			if (error.code === 'disconnected' || moves !== this.moves)
				return;
			const gone = this.goneRooms().find((other) => other.name === room || other.id === room);
			if (gone)
				this.showGone(gone);
			else
				this.show(null, name);
		}
	}

	/** Makes the person a member, at any place of the page. @param {string} room name or id */
	async join(room) {
		return this.put(await this.request('room.join', { room }));
	}

	/** @param {{name: string}} wanted */
	async createRoom(wanted) {
		return this.put(await this.request('room.create', wanted));
	}

	/** @param {any} object a room of the server's answer */
	put(object) {
		this.changed();
		return this.store.put(object);
	}

	/** Opens a room that was asked for, unless the person has gone elsewhere since. @param {any} room @param {number} moves as they were when it was asked for */
	enter(room, moves) {
		if (moves === this.moves)
			this.go(room, true);
	}

	/** Shows a room (null: the list) and gives it the address. @param {any} room @param {boolean} [replace] */
	go(room, replace) {
		const path = room ? roomPath(room) : '/';
		if (location.pathname !== path)
			history[replace ? 'replaceState' : 'pushState'](null, '', path);
		this.show(room);
		if (!room)
			/** @type {HTMLElement|null} */ (this.roomsView.element.querySelector('.find'))?.focus();
	}

	/** @param {any} room null: none @param {string} [missing] the name of a room that is not one's own */
	show(room, missing = '') {
		if (room === this.current && missing === this.missing && !this.gone)
			return;
		this.moves++;
		closeDialogs();
		this.missing = missing;
		this.gone = null;
		this.current = room;
		if (!room)
			return this.changed();
		keep(`room.${this.store.me?.id}`, room.id);
		this.store.open(room);
		if (room.window && !room.window.filling)
			room.newAfter = room.unread > 0 ? room.readSeq : -1;
		this.reader.fill(room).then(() => {
			if (room !== this.current)
				return;
			this.render();
			if (room.newAfter >= 0)
				this.roomView.log.showNew();
		});
		this.render();
		this.roomView.composer.focus(this.justJoined);
		this.justJoined = false;
	}

	/** The server left out events that were not counted. @param {any} room */
	async lookAgain(room) {
		const { room: object } = await this.request('room.get', { room: room.id }).catch(() => ({ room: null }));
		if (object && this.store.rooms.get(room.id) === room)
			this.store.put(object);
		this.changed();
	}

	/** @param {any} room one is no longer in it */
	removed(room) {
		this.left.set(roomOfPath(roomPath(room)), room);
		if (room === this.current)
			this.showGone(room);
	}

	/** Shows, in the place of a room that the person is no longer in, what was not sent to it. @param {{id: string, name: string, kind?: string}} room */
	showGone({ id, name, kind }) {
		this.go(null, true);
		this.moves++;
		this.gone = { id, name, kind };
		this.changed();
	}

	/** @param {string} roomId */
	draftGone(roomId) {
		this.roomView.composer.clear(roomId);
		this.changed();
	}

	goneRooms() {
		return this.outbox.roomsBut(this.store.rooms);
	}

	/** @param {any} room */
	async leave(room) {
		await this.request('room.leave', { room: room.id }).catch(unless('not_found')); /* left already, in another tab */
		this.hasLeft(room);
	}

	/** @param {any} room */
	hasLeft(room) {
		this.store.remove(room.id);
		/* The person knows that they have left, so only unsent messages are shown. */
		if (this.gone?.id === room.id && this.outbox.unsentOf(room.id).length === 0 && !this.drafts.text(room.id))
			this.show(null);
	}

	/** @param {any} room */
	async toPresent(room) {
		await this.reader.present(room);
		if (room !== this.current)
			return;
		this.render();
		this.roomView.log.stick();
		this.changed();
		this.roomView.composer.focus();
	}

	/** @param {any} room @param {string} text @param {number} [replyTo] */
	send(room, text, replyTo) {
		this.outbox.add(room, text, replyTo);
		setTimeout(() => this.changed(), 1000); /* a slow one says so */
		if (room !== this.current)
			return;
		if (room.window?.atEnd) {
			this.roomView.log.stick();
			this.changed();
		} else {
			this.toPresent(room);
		}
	}

	/** Returns whether the person sees the events of this room as they arrive. @param {any} room */
	isReading(room) {
		return room === this.current && this.roomView.log.stuck && document.visibilityState === 'visible';
	}

	/** @param {any} room @param {any} event */
	messageCame(room, event) {
		const { author, client_id } = event.data;
		if (author.id === this.store.me?.id)
			this.outbox.seen(client_id);
		else if (room === this.current && document.visibilityState === 'visible')
			this.announcer.say(saidBy(event.data, authorOf(event.data).name, ': '));
	}

	jump() {
		if (document.querySelector('dialog[open]'))
			return;
		jumpDialog({
			mine: this.store.sorted(), request: this.request, join: (room) => this.join(room.id), open: (room) => this.go(room), create: (name) => this.create(name),
		});
	}

	/** @param {string} name */
	create(name) {
		createDialog({ name, create: (room) => this.createRoom(room), open: (room) => this.go(room) });
	}

	askSignOut() {
		const isGuest = this.store.me?.kind === 'guest';
		confirmDialog({
			title: 'Sign out?', button: 'Sign out',
			text: isGuest ? 'You are here as a guest. After signing out nobody can be this guest again.' : 'Messages that were not sent yet stay in this browser.',
			action: () => this.signOut(),
		});
	}

	/** Rejects when the session may still live. The page then goes on. */
	async signOut() {
		this.isSigningOut = true;
		try {
			await post('account.logout', {});
		} catch (/** @type {any} */ error) {
			if (error.code !== 'unauthenticated')
				throw new Error(`you are still signed in: ${error.message}`);
		} finally {
			this.isSigningOut = false;
		}
		this.connection.stop();
		if (this.screen !== 'door')
			this.showDoor({ code: 'left' });
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		if (this.screen !== 'chat')
			return;
		if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
			event.preventDefault();
			this.jump();
		} else if (event.key === 'F6') {
			event.preventDefault();
			focusNextRegion([this.roomsView.element.querySelector('.find'), this.roomView.log.log, this.roomView.composer.area], event.shiftKey);
		}
	}

	changed() {
		this.frame ||= requestAnimationFrame(() => this.render());
	}

	render() {
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		if (this.screen !== 'chat' || !this.store.me)
			return;
		const { current, store, connection } = this;
		const goneRooms = this.goneRooms();
		if (this.gone && store.rooms.has(this.gone.id))
			this.gone = null;
		const online = connection.isReachable;
		const isList = !current && !this.missing && !this.gone && store.rooms.size + goneRooms.length > 0;
		this.chat.dataset.view = isList ? 'list' : 'room';
		this.roomsView.render({ rooms: store.sorted(), gone: goneRooms, current: current ?? this.gone, me: store.me, online, alone: isList && narrow() });
		this.roomView.renderBanner(bannerText(connection, () => this.changed()));
		const total = store.unreadTotal();
		document.title = `${total ? `(${total}) ` : ''}${current ? `#${current.name} – ` : ''}Parley`;
		if (current && location.pathname !== roomPath(current))
			history.replaceState(null, '', roomPath(current)); /* renamed, or named by its id */
		if (!current?.window) {
			this.renderEmpty();
			return;
		}
		this.roomView.render({
			room: current, pending: this.outbox.of(current.id), me: store.me, online,
			error: this.reader.errors.get(current.id) ?? '', loading: this.reader.busy.has(current.id),
		});
		if (this.isReading(current) && current.window.atEnd && !current.window.filling && connection.live)
			this.reader.mark(current);
	}

	/** The room's place without a room. */
	renderEmpty() {
		const { missing, gone } = this;
		const [unsent, draft] = gone ? [this.outbox.unsentOf(gone.id), this.drafts.text(gone.id)] : [[], ''];
		this.roomView.renderEmpty(JSON.stringify([missing, gone, unsent, draft]), () => emptyContent({ missing, gone, unsent, draft }, {
			find: () => this.jump(), create: (name) => this.create(name), mine: () => this.go(null), join: (room) => this.tryRoom(room.id, room.name), discard: (entry) => this.outbox.remove(entry),
			discardDraft: (room) => {
				this.drafts.set(room.id, '');
				this.draftGone(room.id);
			},
		}));
	}
}

const isOwnerLink = () => location.pathname === OWNER_PATH && location.hash.length > 1;

/** Whether list and room share one column. */
const narrow = () => matchMedia(NARROW).matches;

new App();
