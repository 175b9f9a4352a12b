// The room's place without a room: the room does not exist, the person is no longer in it, or has no rooms yet. Unsent messages for a room that the person is
// no longer in are shown with their text, to be copied or discarded.

import { copyText, h, oneAtATime } from './dom.js';
import { textNodes } from './view_text.js';

/** @param {...[string, () => any]} list labels and actions; the first one is what most people want */
const buttons = (...list) => h('p', { class: 'buttons' }, ...list.map(([label, action], i) => {
	const button = h('button', { type: 'button', class: i ? 'secondary' : 'primary', onclick: () => act() }, label);
	const act = oneAtATime(button, action);
	return button;
}));

/** @param {string} text */
function copyButton(text) {
	const button = h('button', { type: 'button', class: 'quiet', onclick: () => copyText(text).then(() => {
		button.textContent = 'Copied';
	}, () => {
		button.textContent = 'Select the text to copy it';
	}) }, 'Copy');
	return button;
}

/** @param {string} status @param {string} text @param {() => void} discard */
const unsentItem = (status, text, discard) => h('li', { class: 'body' }, ...textNodes(text, true, () => {}),
	h('p', { class: 'st bad' }, status, ' ', copyButton(text), h('button', { type: 'button', class: 'quiet', onclick: discard }, 'Discard')));

/**
 * @param {{missing: string, gone: {id: string, name: string, kind?: string}|null, unsent: any[], draft: string}} state
 * @param {{find: () => void, create: (name: string) => void, mine: () => void, join: (room: any) => any, discard: (entry: any) => void, discardDraft: (room: any) => void}} hooks
 * @returns {Node[]}
 */
export function emptyContent({ missing, gone, unsent, draft }, hooks) {
	if (gone) {
		const items = unsent.map((entry) => unsentItem(entry.error ? `Not sent: ${entry.error}.` : 'Not sent.', entry.text, () => hooks.discard(entry)));
		if (draft)
			items.push(unsentItem('Not sent: you were writing this.', draft, () => hooks.discardDraft(gone)));
		return [h('h1', {}, 'You are no longer in ', h('bdi', {}, gone.name)),
			...(items.length ? [h('p', {}, 'This was not sent:'), h('ul', { class: 'unsent', 'aria-label': 'Not sent' }, ...items)] : []),
			buttons(['My rooms', hooks.mine], ...(gone.kind === 'public' ? [/** @type {[string, () => any]} */ (['Join it again', () => hooks.join(gone)])] : []))];
	}
	if (missing)
		return [h('h1', {}, 'No such room'), h('p', {}, h('bdi', {}, missing), ' does not exist, or it is private and you are not in it.'),
			buttons(['Create it', () => hooks.create(missing)], ['My rooms', hooks.mine])];
	return [h('h1', {}, 'Pick a room'), h('p', {}, 'Find one that others are in, or make your own.'), buttons(['Find a room', hooks.find], ['New room', () => hooks.create('')])];
}
