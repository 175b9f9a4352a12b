// The dialogs: jump to or find a room, make one, look at who is in one. The browser's own <dialog> keeps the focus inside and gives it back.

import { avatar, h, icon, iconButton } from './dom.js';
import { addForm } from './view_add.js';
import { sentence } from './view_sign_in.js';

const MOST_ROOMS = 2000;

/** @typedef {(type: string, data: any) => Promise<any>} RequestFunction */

/**
 * Shows a dialog. After it the browser gives back the focus, but Chromium not the caret: that stays behind in the dialog, falls out of every
 * field when the dialog goes, and what is typed then is lost although the composer has the focus. So the caret is put back here.
 * @param {string} title @param {...(Node|false|null)} content
 * @returns {() => void} closes it
 */
function openDialog(title, ...content) {
	const before = document.activeElement;
	const close = () => {
		if (!dialog.isConnected)
			return;
		const field = before instanceof HTMLTextAreaElement ? before : null;
		/* To be read while the field is without focus: with it and without the caret, it is 0 in Chromium. */
		const [start, end] = field && dialog.open ? [field.selectionStart, field.selectionEnd] : [Infinity, Infinity];
		dialog.close();
		dialog.remove();
		if (field && field === document.activeElement)
			field.setSelectionRange(Math.min(start, field.textLength), Math.min(end, field.textLength));
	};
	const dialog = /** @type {HTMLDialogElement} */ (h('dialog', { 'aria-label': title },
		h('header', { class: 'dialog-head' }, h('h2', {}, title), iconButton('close', 'Close', close)), ...content));
	dialog.addEventListener('click', (event) => event.target === dialog && close());
	dialog.addEventListener('cancel', (event) => {
		event.preventDefault(); /* "close" comes a frame later, and the next key may be faster */
		close();
	});
	dialog.addEventListener('close', close);
	document.body.append(dialog);
	dialog.showModal();
	return close;
}

/**
 * Finds a room among one's own and the public ones.
 * @param {{mine: any[], request: RequestFunction, open: (room: any) => void, join: (room: any) => Promise<any>, joined: (room: any) => void, create: (name: string) => void}} options
 */
export function jumpDialog({ mine, request, open, join, joined, create }) {
	const input = /** @type {HTMLInputElement} */ (h('input', { type: 'text', id: 'jump-to', dir: 'auto', autocomplete: 'off', placeholder: 'Name of a room', role: 'combobox',
		'aria-label': 'Name of a room', 'aria-controls': 'jump-list', 'aria-expanded': 'true', 'aria-autocomplete': 'list' }));
	const list = h('ul', { id: 'jump-list', class: 'options', role: 'listbox', 'aria-label': 'Rooms' });
	const problem = h('p', { class: 'st bad', role: 'alert' });
	const close = openDialog('Jump to a room', h('div', { class: 'field' }, input), list, problem);
	/** @type {any[]} */
	let others = [];
	let at = 0;
	/** @type {(() => void)[]} */
	let actions = [];
	/** What is behind a dialog cannot take the focus: it goes first. @param {() => void} action */
	const leave = (action) => {
		close();
		action();
	};
	const joinAndLeave = async (/** @type {any} */ room) => {
		try {
			const own = await join(room);
			leave(() => joined(own));
		} catch (/** @type {any} */ error) {
			problem.textContent = sentence(error.message);
		}
	};
	const mark = () => {
		[...list.children].forEach((option, i) => option.setAttribute('aria-selected', String(i === at)));
		list.children[at]?.scrollIntoView({ block: 'nearest' });
		if (list.children[at])
			input.setAttribute('aria-activedescendant', list.children[at].id);
		else
			input.removeAttribute('aria-activedescendant');
	};
	const render = () => {
		const wanted = input.value.trim().toLocaleLowerCase();
		const matches = (/** @type {any} */ r) => r.name.toLocaleLowerCase().includes(wanted);
		const rows = [...mine.filter(matches).map((room) => ({ room, hint: room.unread ? `${room.unread} unread` : '', action: () => leave(() => open(room)) })),
			...others.filter(matches).map((room) => ({ room, hint: `${room.members} ${room.members === 1 ? 'member' : 'members'} · Join`, action: () => joinAndLeave(room) }))];
		actions = rows.map((row) => row.action);
		const items = rows.map(({ room, hint, action }) => h('li', { role: 'option', onclick: action }, icon(room.kind === 'private' ? 'lock' : 'hash'), h('bdi', { class: 'n' }, room.name), h('small', {}, hint)));
		if (wanted && !rows.some(({ room }) => room.name.toLocaleLowerCase() === wanted)) {
			const make = () => leave(() => create(input.value.trim()));
			actions.push(make);
			items.push(h('li', { role: 'option', onclick: make }, icon('plus'), h('span', { class: 'n' }, 'New room “', h('bdi', {}, input.value.trim()), '”'), h('small', {}, '')));
		}
		items.forEach((item, i) => { item.id = `jump-${i}`; });
		list.replaceChildren(...items);
		at = Math.min(at, Math.max(0, items.length - 1));
		mark();
	};
	input.addEventListener('input', () => {
		at = 0;
		render();
	});
	input.addEventListener('keydown', (event) => {
		if (event.isComposing)
			return;
		const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
		if (step && actions.length) {
			event.preventDefault();
			at = (at + step + actions.length) % actions.length;
			mark();
		} else if (event.key === 'Enter') {
			event.preventDefault();
			loaded.then(() => actions[at]?.()); /* a name typed faster than the list comes is not that of a new room */
		}
	});
	render();
	input.focus();
	const load = async (/** @type {string} */ after) => {
		const { rooms, more } = await request('room.list', { limit: 200, ...(after && { after }) });
		others = others.concat(rooms.filter((/** @type {any} */ r) => !r.member));
		render();
		if (more && list.isConnected && others.length < MOST_ROOMS)
			await load(rooms.at(-1).name);
	};
	const loaded = load('').catch((error) => {
		problem.textContent = sentence(error.message);
	});
}

/** @param {{name: string, request: RequestFunction, created: (room: any) => void}} options */
export function createDialog({ name, request, created }) {
	const nameInput = /** @type {HTMLInputElement} */ (h('input', { type: 'text', id: 'room-name', dir: 'auto', required: true, maxlength: '64', autocomplete: 'off', value: name }));
	const topicInput = /** @type {HTMLInputElement} */ (h('input', { type: 'text', id: 'room-topic', dir: 'auto', maxlength: '500', autocomplete: 'off' }));
	const isPrivate = /** @type {HTMLInputElement} */ (h('input', { type: 'checkbox', id: 'room-private' }));
	const problem = h('p', { class: 'st bad', role: 'alert' });
	const close = openDialog('New room', h('form', { onsubmit: async (/** @type {Event} */ event) => {
		event.preventDefault();
		try {
			const topic = topicInput.value.trim();
			const room = await request('room.create', { name: nameInput.value.trim(), kind: isPrivate.checked ? 'private' : 'public', ...(topic && { topic }) });
			close();
			created(room);
		} catch (/** @type {any} */ error) {
			problem.textContent = sentence(error.message);
			nameInput.focus();
		}
	} },
	h('div', { class: 'field' }, h('label', { for: 'room-name' }, 'Name'), nameInput),
	h('div', { class: 'field' }, h('label', { for: 'room-topic' }, 'Topic ', h('small', {}, 'optional')), topicInput),
	h('div', { class: 'check' }, isPrivate, h('label', { for: 'room-private' }, 'Private', h('small', {}, 'Only its members can see it'))),
	problem, h('div', { class: 'buttons' }, h('button', { class: 'primary' }, 'Create room'))));
	nameInput.focus();
}

/** @param {{room: any, me: any, request: RequestFunction, leave: () => void}} options */
export function detailsDialog({ room, me, request, leave }) {
	const list = h('ul', { class: 'people', 'aria-label': 'Members', tabindex: '0' });
	const problem = h('p', { class: 'st bad', role: 'alert' });
	const more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => load() }, 'Show more');
	const count = h('h3', {});
	const showCount = () => {
		count.textContent = room.members === 1 ? '1 member' : `${room.members} members`;
	};
	let after = '', asked = 0;
	const load = async () => {
		const mine = ++asked;
		try {
			const page = await request('room.members', { room: room.id, limit: 100, ...(after && { after }) });
			if (mine !== asked)
				return; /* the list was asked for anew */
			showCount();
			list.append(...page.members.map((/** @type {any} */ user) => h('li', {}, avatar(user, 'av small'), h('bdi', { class: 'n' }, user.name),
				h('small', {}, [user.id === me.id && 'you', user.role === 'owner' && 'owner', user.kind !== 'person' && user.kind].filter(Boolean).join(', ')))));
			after = page.members.at(-1)?.id ?? after;
			more.hidden = !page.more;
		} catch (/** @type {any} */ error) {
			problem.textContent = sentence(error.message);
		}
	};
	showCount();
	const again = () => {
		after = '';
		list.replaceChildren();
		load();
	};
	const close = openDialog(room.name, room.topic && h('p', { class: 'about', dir: 'auto' }, room.topic),
		count, list, more, problem, addForm({ room, me, request, added: again }),
		h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'secondary', onclick: () => {
			close();
			leave();
		} }, 'Leave room')));
	load();
}

/** @param {{title: string, text: string, button: string, confirmed: () => void}} options */
export function confirmDialog({ title, text, button, confirmed }) {
	const close = openDialog(title, h('p', { class: 'about' }, text), h('div', { class: 'buttons' },
		h('button', { type: 'button', class: 'secondary', onclick: () => close() }, 'Cancel'),
		h('button', { type: 'button', class: 'primary', onclick: () => {
			close();
			confirmed();
		} }, button)));
}
