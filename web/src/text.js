// Reads a small subset of Markdown into a syntax tree. A block is fenced code, or text with its line breaks. Text holds `code`, **bold**, *italic*, and http,
// https and mailto addresses.
//
// Other people write the text, so the time to read it is at most in proportion to its length. The text is cut into tokens from left to right, a stack pairs
// the marks, and one walk over the tokens builds the tree. So no place is read again because an attempt has failed. A tree is at most two deep (bold in bold
// is bold) and has at most MOST_MARKS elements. Further marks are shown as they were written.

import { characterAt, characterBefore, mayOpenBetween, mayStartBehind, startOf } from './letters.js';
import { linkAt } from './links.js';

/** @typedef {{kind: 'text', text: string} | {kind: 'code', text: string} | {kind: 'link', text: string} | {kind: 'bold', children: Inline[]} | {kind: 'italic', children: Inline[]}} Inline */
/** @typedef {{kind: 'pre', text: string} | {kind: 'text', children: Inline[]}} Block */
/** @typedef {{kind: 'text'|'code'|'link'|'run'|'mark', raw: string, text?: string, opens?: boolean, closes?: boolean, other?: Token, isEnd?: boolean, isNothing?: boolean}} Token */

const MOST_MARKS = 500;
const SPECIAL = /\*+|`|https?:\/\/|mailto:/gi;
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;
/* No language piles up more than a few marks on a letter (30 is the bound of UAX #15, section 13); drawing thousands takes quadratic time. */
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;
const WHITE = /^\s?$/; /* or the end of the text */

/** Text without the characters that reorder what stands around them. @param {string} text */
export function withoutBidiControls(text) {
	return text.replace(BIDI_CONTROLS, '');
}

/** A run of asterisks: what it may do depends on what stands beside it. @param {string} text @param {number} at @param {string} raw @returns {Token} */
function runAt(text, at, raw) {
	const before = characterBefore(text, at), after = characterAt(text, at + raw.length);
	return { kind: 'run', raw, closes: !WHITE.test(before), opens: !WHITE.test(after) && mayOpenBetween(before, after) };
}

/** @param {string} text @returns {Token[]} */
function tokensOf(text) {
	/** @type {Token[]} */
	const tokens = [];
	let done = 0, hasTicks = true;
	const add = (/** @type {number} */ from, /** @type {Token} */ token) => {
		if (from > done)
			tokens.push({ kind: 'text', raw: text.slice(done, from) });
		tokens.push(token);
		done = from + token.raw.length;
	};
	SPECIAL.lastIndex = 0;
	for (let found; (found = SPECIAL.exec(text)) !== null;) {
		const at = found.index, mark = found[0];
		if (mark[0] === '*') {
			if (mark.length <= 3)
				add(at, runAt(text, at, mark));
		} else if (mark === '`') {
			const end = hasTicks ? text.indexOf('`', at + 2) : -1;
			if (end > 0)
				add(at, { kind: 'code', raw: text.slice(at, end + 1), text: text.slice(at + 1, end) });
			else
				hasTicks = false; /* there are none further on either */
		} else if (mayStartBehind(characterBefore(text, at))) {
			const { end, isLink } = linkAt(text, at, mark);
			if (isLink)
				add(at, { kind: 'link', raw: text.slice(at, end), text: text.slice(at, end) });
			SPECIAL.lastIndex = end;
		}
		SPECIAL.lastIndex = Math.max(SPECIAL.lastIndex, done);
	}
	if (done < text.length)
		tokens.push({ kind: 'text', raw: text.slice(done) });
	return tokens;
}

/** Splits the runs into marks and pairs them. A mark closes the nearest open one of its kind. Marks that opened in between stay text.
 * @param {Token[]} tokens @returns {Token[]} */
function paired(tokens) {
	/** @type {Token[]} */
	const result = [];
	/** @type {Token[]} */
	const open = [];
	/** @type {Record<string, number>} */
	const nOpen = { '*': 0, '**': 0 };
	const mark = (/** @type {string} */ raw) => {
		/** @type {Token} */
		const token = { kind: 'mark', raw };
		result.push(token);
		return token;
	};
	const close = (/** @type {string} */ raw) => {
		for (let last; (last = open.pop());) {
			nOpen[last.raw]--;
			if (last.raw === raw) {
				last.other = mark(raw);
				last.other.isEnd = true;
				return;
			}
		}
	};
	for (const token of tokens) {
		if (token.kind !== 'run') {
			result.push(token);
			continue;
		}
		let left = token.raw.length;
		while (left > 0 && token.closes) {
			const raw = left === 3 ? open.at(-1)?.raw ?? '' : '*'.repeat(left);
			if (!nOpen[raw])
				break;
			close(raw);
			left -= raw.length;
		}
		for (const raw of left === 3 ? ['**', '*'] : left > 0 ? ['*'.repeat(left)] : []) {
			const one = mark(raw);
			if (token.opens) {
				open.push(one);
				nOpen[raw]++;
			}
		}
	}
	return result;
}

/** @param {string} text @param {{marks: number}} left how many elements the message may still have @returns {Inline[]} */
function parseInline(text, left) {
	/** @type {Inline[]} */
	const root = [];
	const lists = [root];
	/** @type {Record<string, boolean>} */
	const inForce = { '*': false, '**': false };
	const addText = (/** @type {string} */ more) => {
		const list = /** @type {Inline[]} */ (lists.at(-1)), last = list.at(-1);
		if (last?.kind === 'text')
			last.text += more;
		else
			list.push({ kind: 'text', text: more });
	};
	for (const token of paired(tokensOf(text))) {
		const { kind, raw, other } = token;
		if (token.isNothing)
			continue;
		if (token.isEnd) {
			inForce[raw] = false;
			lists.pop();
		} else if (other && inForce[raw]) {
			other.isNothing = true;
		} else if ((kind === 'text' || kind === 'mark') && !other || left.marks === 0) {
			addText(raw);
			if (other)
				Object.assign(other, { isEnd: false });
		} else {
			left.marks--;
			/** @type {Inline[]} */
			const children = [];
			lists.at(-1)?.push(other ? { kind: raw === '*' ? 'italic' : 'bold', children } : { kind: /** @type {'code'|'link'} */ (kind), text: token.text ?? '' });
			if (other) {
				inForce[raw] = true;
				lists.push(children);
			}
		}
	}
	return root;
}

/** @param {string} source @returns {Block[]} */
export function parseText(source) {
	const lines = withoutBidiControls(source).replace(TOO_MANY_MARKS, '$1').split('\n');
	const left = { marks: MOST_MARKS };
	/** @type {Block[]} */
	const blocks = [];
	let from = 0, fence = -1;
	const flush = (/** @type {number} */ to) => {
		while (from < to && !lines[from].trim())
			from++; /* the indentation of the first line that has something stays */
		const text = lines.slice(from, to).join('\n').trimEnd();
		if (text)
			blocks.push({ kind: 'text', children: parseInline(text, left) });
	};
	for (let i = 0; i < lines.length; i++) {
		const line = lines[i].startsWith('```') ? lines[i].trimEnd() : '';
		if (fence < 0 && left.marks > 0 && /^```[\w+#.-]*$/.test(line)) {
			fence = i;
		} else if (fence >= 0 && line === '```') {
			flush(fence);
			left.marks = Math.max(0, left.marks - 1);
			blocks.push({ kind: 'pre', text: lines.slice(fence + 1, i).join('\n') });
			from = i + 1;
			fence = -1;
		}
	}
	flush(lines.length);
	return blocks;
}

/** @param {Inline} node @returns {string} */
function plainInline(node) {
	return node.kind === 'bold' || node.kind === 'italic' ? node.children.map(plainInline).join('') : node.text;
}

/** Returns the text of a message without its marks, as it is read out. @param {Block[]} blocks */
export function plainBlocks(blocks) {
	return blocks.map((block) => block.kind === 'pre' ? block.text : block.children.map(plainInline).join('')).join('\n');
}

/**
 * The first part of a tree.
 * @param {Block[]} blocks @param {{characters: number, lines: number, marks: number}} most
 * @returns {{blocks: Block[], isWhole: boolean}}
 */
export function firstPart(blocks, most) {
	const left = { ...most };
	let isWhole = true;
	const take = (/** @type {string} */ text) => {
		let end = startOf(text, left.characters).length;
		for (const found of text.slice(0, end).matchAll(/[\n\v\f\x85\u2028\u2029]/g)) {
			if (--left.lines < 0) {
				end = found.index;
				break;
			}
		}
		isWhole &&= end === text.length;
		left.characters -= end;
		return text.slice(0, end);
	};
	const takeAll = (/** @type {Inline[]} */ nodes) => {
		/** @type {Inline[]} */
		const taken = [];
		for (const node of nodes) {
			isWhole &&= node.kind === 'text' || left.marks > 0;
			if (!isWhole)
				break;
			left.marks -= Number(node.kind !== 'text');
			taken.push(node.kind === 'bold' || node.kind === 'italic' ? { kind: node.kind, children: takeAll(node.children) } : { ...node, text: take(node.text) });
		}
		return taken;
	};
	/** @type {Block[]} */
	const taken = [];
	for (const block of blocks) {
		isWhole &&= left.lines-- > 0;
		if (!isWhole)
			break;
		taken.push(block.kind === 'pre' ? { ...block, text: take(block.text) } : { ...block, children: takeAll(block.children) });
	}
	return { blocks: taken, isWhole };
}
