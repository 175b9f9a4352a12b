// What was written for a room that one is no longer in: shown with its text, to be copied or discarded.

import { copyText, h } from './dom.js';
import { textNodes } from './view_text.js';

/** @param {string} text */
function copyButton(text) {
	const button = h('button', { type: 'button', class: 'quiet', onclick: () => copyText(text).then(() => {
		button.textContent = 'Copied';
	}, () => {
		button.textContent = 'Select the text to copy it';
	}) }, 'Copy');
	return button;
}

/**
 * @param {{unsent: any[], draft: string, discard: (entry: any) => void, discardDraft: () => void}} options
 * @returns {Node[]}
 */
export function unsentList({ unsent, draft, discard, discardDraft }) {
	const item = (/** @type {string} */ status, /** @type {string} */ text, /** @type {() => void} */ remove) => h('li', { class: 'body' }, ...textNodes(text, true, () => {}),
		h('p', { class: 'st bad' }, status, ' ', copyButton(text), h('button', { type: 'button', class: 'quiet', onclick: remove }, 'Discard')));
	const items = unsent.map((entry) => item(entry.error ? `Not sent: ${entry.error}.` : 'Not sent.', entry.text, () => discard(entry)));
	if (draft)
		items.push(item('Not sent: you were writing this.', draft, discardDraft));
	return items.length ? [h('p', {}, 'This was not sent:'), h('ul', { class: 'unsent', 'aria-label': 'Not sent' }, ...items)] : [];
}
