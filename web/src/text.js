// What people write: a small subset of Markdown as a syntax tree, and the tree as page nodes. Never a string of markup.
// Blocks: fenced code, else text with its line breaks. In text: `code`, **bold**, *italic*, http, https and mailto addresses.

import { h } from './dom.js';

/** @typedef {{kind: 'text'|'code'|'link', text: string} | {kind: 'bold'|'italic', children: Inline[]}} Inline */
/** @typedef {{kind: 'pre', text: string} | {kind: 'text', children: Inline[]}} Block */

const LINK = /(?:https?:\/\/|mailto:)[^\s<>"`\u0000-\u001f]+/iy;
const WORD = /[\p{L}\p{N}]/u;
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Text without the characters that reorder what stands around them. @param {string} text */
export function withoutBidiControls(text) {
	return text.replace(BIDI_CONTROLS, '');
}

/** The address at this place, without the punctuation that ends the sentence around it. @param {string} text @param {number} at */
function linkAt(text, at) {
	LINK.lastIndex = at;
	let link = LINK.exec(text)?.[0] ?? '';
	for (;;) {
		const last = link.at(-1) ?? '';
		const closes = last === ')' && link.split('(').length <= link.split(')').length - 1;
		if (!'.,;:!?\'"*]}'.includes(last) && !closes || last === '')
			break;
		link = link.slice(0, -1);
	}
	return /^(https?:\/\/[^/?#]+|mailto:[^@]+@.+)/i.test(link) && URL.canParse(link) ? link : '';
}

/** @param {string} text @param {number} depth @returns {Inline[]} */
function parseInline(text, depth) {
	/** @type {Inline[]} */
	const nodes = [];
	const hopeless = new Set(); /* markers that are not closed from here on: asked once, so the work stays linear */
	let plain = '';
	const add = (/** @type {Inline} */ node) => {
		if (plain)
			nodes.push({ kind: 'text', text: plain });
		plain = '';
		nodes.push(node);
	};
	const closed = (/** @type {string} */ marker, /** @type {number} */ from) => {
		let end = hopeless.has(marker) ? -1 : text.indexOf(marker, from);
		while (end > 0 && marker !== '`' && (/\s/.test(text[end - 1]) || (marker === '*' && (text[end + 1] === '*' || text[end - 1] === '*'))))
			end = text.indexOf(marker, end + 1);
		if (end < 0)
			hopeless.add(marker);
		return end;
	};
	for (let i = 0; i < text.length;) {
		const opens = text[i] === '*' && depth < 4 && !(i > 0 && WORD.test(text[i - 1]));
		const marker = text[i] === '`' ? '`' : opens ? (text[i + 1] === '*' ? '**' : '*') : '';
		const start = i + marker.length;
		const end = marker && start < text.length && (marker === '`' || !/\s/.test(text[start])) ? closed(marker, start + 1) : -1;
		const link = /[hm]/i.test(text[i]) && !(i > 0 && WORD.test(text[i - 1])) ? linkAt(text, i) : '';
		if (end > 0) {
			const inside = text.slice(start, end);
			add(marker === '`' ? { kind: 'code', text: inside } :
				{ kind: marker === '*' ? 'italic' : 'bold', children: parseInline(inside, depth + 1) });
			i = end + marker.length;
		} else if (link) {
			add({ kind: 'link', text: link });
			i += link.length;
		} else {
			const n = Math.max(1, marker.length);
			plain += text.slice(i, i + n);
			i += n;
		}
	}
	if (plain)
		nodes.push({ kind: 'text', text: plain });
	return nodes;
}

/** @param {string} source @returns {Block[]} */
export function parseText(source) {
	const lines = withoutBidiControls(source).split('\n');
	/** @type {Block[]} */
	const blocks = [];
	let from = 0;
	const flush = (/** @type {number} */ to) => {
		const text = lines.slice(from, to).join('\n').replace(/^\n+|\s+$/g, '');
		if (text)
			blocks.push({ kind: 'text', children: parseInline(text, 0) });
	};
	for (let i = 0; i < lines.length; i++) {
		if (!/^```[\w+#.-]*$/.test(lines[i].trimEnd()))
			continue;
		const end = lines.findIndex((line, j) => j > i && line.trimEnd() === '```');
		if (end < 0)
			break;
		flush(i);
		blocks.push({ kind: 'pre', text: lines.slice(i + 1, end).join('\n') });
		i = end;
		from = end + 1;
	}
	flush(lines.length);
	return blocks;
}

/** @param {Inline} node @returns {string} */
function plainInline(node) {
	return node.kind === 'bold' || node.kind === 'italic' ? node.children.map(plainInline).join('') : node.text;
}

/** What is read out of a message: its text without the marks. @param {string} source */
export function plainText(source) {
	return parseText(source).map((block) => block.kind === 'pre' ? block.text : block.children.map(plainInline).join('')).join('\n');
}

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

/** The page nodes of a message. @param {string} source @returns {HTMLElement[]} */
export function textNodes(source) {
	return parseText(source).map((block) => block.kind === 'pre' ?
		h('pre', { dir: 'auto', tabindex: '0', role: 'region', 'aria-label': 'Code' }, h('code', {}, block.text)) :
		h('p', { dir: 'auto' }, ...block.children.map(inlineNode)));
}
