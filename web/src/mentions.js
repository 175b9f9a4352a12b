// Decides whether a text mentions a person. Only this file has the rule. protocol/PROTOCOL.md ("Mentions") tells it to other clients.

import { characterAt, characterBefore, isOneWord, mayStartBehind } from './letters.js';

/** @typedef {import('./text.js').Block} Block */
/** @typedef {import('./text.js').Inline} Inline */

const AT_SIGN = /[@\uff20\ufe6b]/;
const MARK_OR_LETTER = /[\p{L}\p{M}\p{N}_]/u;
const JOINER = /[.@-]/; /* between letters: "ann.example", "ann-marie", "ann@example" are other names than "ann" */
const HIDDEN = '\ufffc'; /* stands for code and addresses, which mention nobody */

/** Makes texts equal that are equal by the server's rule for names. @param {string} text */
function folded(text) {
	const known = text.replace(/\p{Default_Ignorable_Code_Point}+/gu, '').normalize('NFKC');
	return known.toUpperCase().toLowerCase().replace(/\u03c2/g, '\u03c3').replace(/\s+/g, ' ');
}

/** @param {Inline} node @returns {string} */
function proseOf(node) {
	return node.kind === 'text' ? node.text : node.kind === 'code' || node.kind === 'link' ? HIDDEN : node.children.map(proseOf).join('');
}

/** Returns whether a name that ends with `last` ends at this place. @param {string} text @param {number} at @param {string} last */
function isNameEnd(text, at, last) {
	const next = characterAt(text, at);
	if (JOINER.test(next))
		return !isOneWord(last, characterAt(text, at + 1));
	return !isOneWord(last, next) && !(/\p{M}/u.test(next) && MARK_OR_LETTER.test(last));
}

/** @param {Block[]} blocks the tree of a text: without piles of marks, which normalising sorts in quadratic time @param {string} name */
export function mentions(blocks, name) {
	const prose = blocks.map((block) => block.kind === 'pre' ? HIDDEN : block.children.map(proseOf).join('')).join('\n');
	if (!AT_SIGN.test(prose))
		return false;
	const text = folded(prose), wanted = folded(name);
	const last = characterBefore(wanted, wanted.length);
	for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1))
		if (text.startsWith(wanted, at + 1) && mayStartBehind(characterBefore(text, at)) && isNameEnd(text, at + 1 + wanted.length, last))
			return true;
	return false;
}
