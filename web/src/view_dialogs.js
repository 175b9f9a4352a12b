// The dialogs: find a room or go to one, make one, show its members. The browser's <dialog> keeps the focus inside and gives it back.

import { avatar, h, icon, iconButton, oneAtATime } from './dom.js';
import { addForm } from './view_add.js';
import { hooksPart } from './view_hooks.js';
import { sentence } from './view_sign_in.js';

const MOST_ROOMS = 2000;

/** @typedef {(type: string, data: any) => Promise<any>} RequestFunction */

/** Closes the open dialog, which belongs to the place where it was opened. */
export function closeDialogs() {
	for (const dialog of document.querySelectorAll('dialog'))
		dialog.dispatchEvent(new Event('cancel', { cancelable: true }));
}

/**
 * Shows a dialog; there is one at a time. When it closes, the browser gives the focus back, but Chromium does not give back the caret. The caret stays in
 * the dialog, and when the dialog goes, typed text is lost although the composer has the focus. So this function puts the caret back.
 *
 * Buttons and forms call `run(action, done)`, which runs one action at a time. When the action fails, the dialog stays and tells the fault. When it succeeds,
 * the dialog closes, and then done() is called, because an element behind a dialog cannot take the focus. A person who has left the dialog meanwhile is
 * not moved: done() is not called then. So everything that must be remembered belongs into the action.
 * @param {string} title @param {...(Node|false|null)} content
 */
function openDialog(title, ...content) {
	closeDialogs();
	const before = document.activeElement;
	const close = () => {
		if (!dialog.isConnected)
			return;
		const field = before instanceof HTMLTextAreaElement ? before : null;
		/* Read while the field has no focus: with focus and without the caret, the value is 0 in Chromium. */
		const [start, end] = field && dialog.open ? [field.selectionStart, field.selectionEnd] : [Infinity, Infinity];
		dialog.close();
		dialog.remove();
		if (field && field === document.activeElement)
			field.setSelectionRange(Math.min(start, field.textLength), Math.min(end, field.textLength));
	};
	const problem = h('p', { class: 'st bad', role: 'alert' });
	const tell = (/** @type {any} */ error) => {
		problem.textContent = sentence(error.message);
		dialog.querySelector('input')?.focus();
	};
	const dialog = /** @type {HTMLDialogElement} */ (h('dialog', { 'aria-label': title },
		h('header', { class: 'dialog-head' }, h('h2', {}, title), iconButton('close', 'Close', close)), ...content));
	const buttons = dialog.querySelector('.buttons');
	if (buttons)
		buttons.before(problem);
	else
		dialog.append(problem);
	const run = oneAtATime(dialog, async (/** @type {() => any} */ action, /** @type {(result: any) => void} */ done = () => {}) => {
		let result;
		if (!dialog.isConnected)
			return;
		problem.textContent = '';
		try {
			result = await action();
		} catch (/** @type {any} */ error) {
			tell(error);
			return;
		}
		if (!dialog.isConnected)
			return;
		close();
		done(result);
	});
	dialog.addEventListener('click', (event) => event.target === dialog && close());
	dialog.addEventListener('cancel', (event) => {
		event.preventDefault(); /* "close" comes a frame later, and the next key may be faster */
		close();
	});
	dialog.addEventListener('close', close);
	document.body.append(dialog);
	dialog.showModal();
	return { close, run, tell };
}

/**
 * Finds a room among the person's own and the public ones.
 * @param {{mine: any[], request: RequestFunction, join: (room: any) => Promise<any>, open: (room: any) => void, create: (name: string) => void}} options
 */
export function jumpDialog({ mine, request, join, open, create }) {
	const input = /** @type {HTMLInputElement} */ (h('input', { type: 'text', id: 'jump-to', dir: 'auto', autocomplete: 'off', placeholder: 'Name of a room', role: 'combobox',
		'aria-label': 'Name of a room', 'aria-controls': 'jump-list', 'aria-expanded': 'true', 'aria-autocomplete': 'list' }));
	const list = h('ul', { id: 'jump-list', class: 'options', role: 'listbox', 'aria-label': 'Rooms' });
	const { run, tell } = openDialog('Jump to a room', h('div', { class: 'field' }, input), list);
	/** @type {any[]} */
	let others = [];
	let at = 0;
	/** @type {(() => void)[]} */
	let actions = [];
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
		const rows = [...mine.filter(matches).map((room) => ({ room, hint: room.unread ? `${room.unread} unread` : '', action: () => run(() => room, open) })),
			...others.filter(matches).map((room) => ({ room, hint: `${room.members} ${room.members === 1 ? 'member' : 'members'} · Join`, action: () => run(() => join(room), open) }))];
		actions = rows.map((row) => row.action);
		const items = rows.map(({ room, hint, action }) => h('li', { role: 'option', onclick: action }, icon(room.kind === 'private' ? 'lock' : 'hash'), h('bdi', { class: 'n' }, room.name), h('small', {}, hint)));
		if (wanted && !rows.some(({ room }) => room.name.toLocaleLowerCase() === wanted)) {
			const make = () => run(() => input.value.trim(), create);
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
	let chosenFor = '';
	/* A name that is typed before the list has arrived does not make a new room. A person who goes on typing has not chosen. */
	const choose = oneAtATime(list, async () => {
		await loaded;
		if (input.value === chosenFor)
			actions[at]?.();
	});
	input.addEventListener('keydown', (event) => {
		const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
		if (step && actions.length) {
			event.preventDefault();
			at = (at + step + actions.length) % actions.length;
			mark();
		} else if (event.key === 'Enter') {
			event.preventDefault();
			chosenFor = input.value;
			choose();
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
	const loaded = load('').catch(tell);
}

/** @param {{name: string, create: (room: any) => Promise<any>, open: (room: any) => void}} options */
export function createDialog({ name, create, open }) {
	const nameInput = /** @type {HTMLInputElement} */ (h('input', { type: 'text', id: 'room-name', dir: 'auto', required: true, maxlength: '64', autocomplete: 'off', value: name }));
	const topicInput = /** @type {HTMLInputElement} */ (h('input', { type: 'text', id: 'room-topic', dir: 'auto', maxlength: '500', autocomplete: 'off' }));
	const isPrivate = /** @type {HTMLInputElement} */ (h('input', { type: 'checkbox', id: 'room-private' }));
	const { run } = openDialog('New room', h('form', { onsubmit: (/** @type {Event} */ event) => {
		event.preventDefault();
		const topic = topicInput.value.trim();
		run(() => create({ name: nameInput.value.trim(), kind: isPrivate.checked ? 'private' : 'public', ...(topic && { topic }) }), open);
	} },
	h('div', { class: 'field' }, h('label', { for: 'room-name' }, 'Name'), nameInput),
	h('div', { class: 'field' }, h('label', { for: 'room-topic' }, 'Topic ', h('small', {}, 'optional')), topicInput),
	h('div', { class: 'check' }, isPrivate, h('label', { for: 'room-private' }, 'Private', h('small', {}, 'Only its members can see it'))),
	h('div', { class: 'buttons' }, h('button', { class: 'primary' }, 'Create room'))));
	nameInput.focus();
}

/** @param {{room: any, me: any, request: RequestFunction, leave: () => Promise<void>}} options */
export function detailsDialog({ room, me, request, leave }) {
	const list = h('ul', { class: 'people', 'aria-label': 'Members', tabindex: '0' });
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
		} catch (error) {
			tell(error);
		}
	};
	showCount();
	const again = () => {
		after = '';
		list.replaceChildren();
		load();
	};
	const { run, tell } = openDialog(room.name, room.topic && h('p', { class: 'about', dir: 'auto' }, room.topic),
		count, list, more, addForm({ room, me, request, added: again }),
		hooksPart({ room, me, request, confirm: (question) => confirmDialog({ ...question, done: () => detailsDialog({ room, me, request, leave }) }) }),
		h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'secondary', onclick: () => {
			const lost = lostByLeaving(room, me);
			if (lost)
				confirmDialog({ title: `Leave ${room.name}?`, text: lost, button: 'Leave room', action: leave });
			else
				run(leave);
		} }, 'Leave room')));
	load();
}

/** Returns what is lost for good when the person leaves a room. It is empty when the person can come back. @param {{kind: string, role: string, members: number}} room @param {{role?: string}} me */
function lostByLeaving({ kind, role, members }, me) {
	/** @type {string[]} */
	const lost = [];
	const comesBack = me.role === 'owner'; /* the server's owner may enter any room */
	if (kind === 'private' && members <= 1 && !comesBack)
		lost.push('It is private and you are its last member. Only the owner of the server can get in after that.');
	else if (kind === 'private' && !comesBack)
		lost.push('It is private. You cannot find it or come back by yourself, and you lose sight of what was written in it.');
	if (role === 'owner')
		lost.push(`You are its owner${members > 1 ? ': it passes on to whoever has been in it longest' : ''}. Coming back does not make you the owner again.`);
	return lost.join(' ');
}

/** @param {{title: string, text: string, button: string, action: () => any, done?: () => void}} options */
export function confirmDialog({ title, text, button, action, done }) {
	const { close, run } = openDialog(title, h('p', { class: 'about' }, text), h('div', { class: 'buttons' },
		h('button', { type: 'button', class: 'secondary', onclick: () => close() }, 'Cancel'),
		h('button', { type: 'button', class: 'primary', onclick: () => run(action, done) }, button)));
}
