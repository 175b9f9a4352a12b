// Makes the page's nodes of a text, and never a string of markup. A long text shows its start and a button. So one message does not fill many screens, and it
// does not cost the page thousands of elements before a person wants to read it.

import { h } from './dom.js';
import { startOf } from './letters.js';
import { firstPart, parseText } from './text.js';

/** @typedef {import('./text.js').Block} Block */
/** @typedef {import('./text.js').Inline} Inline */

const SHOWN_AT_FIRST = { characters: 2500, lines: 40, marks: 100 };
const LABEL_CHARACTERS = 60;

/** @param {Inline} node @returns {Node} */
function inlineNode(node) {
	switch (node.kind) {
	case 'code':
		return h('code', {}, node.text);
	case 'link':
		return h('a', { href: node.text, target: '_blank', rel: 'noreferrer noopener nofollow' }, node.text);
	case 'bold':
		return h('b', {}, ...node.children.map(inlineNode));
	case 'italic':
		return h('i', {}, ...node.children.map(inlineNode));
	default:
		return document.createTextNode(node.text);
	}
}

/** Fenced code can be scrolled, so it can have the focus and needs a name: its first line. It is a group and not a region, because a room full of code is
 * not a list of landmarks. @param {string} text */
function codeNode(text) {
	const line = startOf(text.trimStart(), LABEL_CHARACTERS).split('\n', 1)[0].trim();
	return h('pre', { dir: 'auto', tabindex: '0', role: 'group', 'aria-label': line ? `Code: ${line}` : 'Code' }, h('code', {}, text));
}

/** @param {Block[]} blocks @param {() => Node} [lead] */
function blockNodes(blocks, lead) {
	const nodes = blocks.map((block) => block.kind === 'pre' ? codeNode(block.text) : h('p', { dir: 'auto' }, ...block.children.map(inlineNode)));
	if (lead && blocks[0]?.kind === 'text')
		nodes[0].prepend(lead(), ' ');
	else if (lead)
		nodes.unshift(h('p', { dir: 'auto' }, lead()));
	return nodes;
}

/**
 * The nodes of a message.
 * @param {string} source @param {boolean} isUnfolded whether all of a long one is shown @param {() => void} unfolded its button was pressed: all of it is shown now
 * @param {() => Node} [lead] makes what stands in front in the first line
 * @returns {HTMLElement[]}
 */
export function textNodes(source, isUnfolded, unfolded, lead) {
	const blocks = parseText(source);
	const start = firstPart(blocks, SHOWN_AT_FIRST);
	if (isUnfolded || start.isWhole)
		return blockNodes(blocks, lead);
	const shown = blockNodes(start.blocks, lead);
	const more = h('p', { class: 'st more' }, h('button', { type: 'button', class: 'quiet', onclick: () => {
		for (const node of shown)
			node.remove();
		more.replaceWith(...blockNodes(parseText(source), lead));
		unfolded();
	} }, 'Show more'));
	return [...shown, more];
}
