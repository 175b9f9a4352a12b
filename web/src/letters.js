// Where words end. Many scripts write no space between words, and in all of them people put an address, a name or a mark directly beside a word:
// "看https://example.org/。", "@annさん", "これは**太字**です". So the script of the letters decides what may be beside what.

/* Letters of scripts that write no spaces between words, or that (as Korean) put particles right behind a foreign word; and the wide
 * punctuation and brackets that are written between them. */
const UNSPACED = new RegExp(`[${['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Yi'].map((script) => `\\p{Script_Extensions=${script}}`).join('')}${
	['Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'].map((script) => `\\p{Script=${script}}`).join('')}\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65]`, 'u');
const WORD = /[\p{L}\p{N}_]/u;
const LATIN = /[\p{Script=Latin}\p{N}_]/u;

/** The character before this place, or an empty string. @param {string} text @param {number} at */
export function characterBefore(text, at) {
	const isPair = at > 1 && (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 2) & 0xfc00) === 0xd800;
	return text.slice(Math.max(0, at - (isPair ? 2 : 1)), at);
}

/** The character at this place, or an empty string. @param {string} text @param {number} at */
export function characterAt(text, at) {
	return at < text.length ? String.fromCodePoint(/** @type {number} */ (text.codePointAt(at))) : '';
}

/** The start of a text, of at most so many units; a character is never cut in two. @param {string} text @param {number} n */
export function startOf(text, n) {
	return text.slice(0, n < text.length && characterBefore(text, n + 1).length === 2 ? n - 1 : n);
}

/** Whether two characters that stand side by side belong to one word. @param {string} before @param {string} after */
export function isOneWord(before, after) {
	return WORD.test(before) && WORD.test(after) && !UNSPACED.test(before) && !UNSPACED.test(after);
}

/** Whether a mark may open between these two: not behind a word of spaced letters, unless an unspaced one follows. @param {string} before @param {string} after */
export function mayOpenBetween(before, after) {
	return !WORD.test(before) || UNSPACED.test(before) || UNSPACED.test(after);
}

/** Whether an address or a mention may begin behind this character: those are written in Latin letters up to there ("joe@…", "xhttp://…"),
 * so only such a letter, a digit or an underscore would be a part of it. @param {string} before */
export function mayStartBehind(before) {
	return !LATIN.test(before);
}
