// Finds the end of an address in a text. Each character of any text is read a bounded number of times. The host is checked first, and its length is
// limited. What follows a valid host belongs to the address up to the first character that ends it, and is not read again.

import { characterAt } from './letters.js';

const HOST_MOST = 320; /* a name in the DNS has at most 253, and may come with a user before it and a port */
const LOCAL_PART = /[^\s@<>"`,;:()[\]\\]{1,64}@/uy; /* RFC 5321, section 4.5.3.1.1 */
const IP_LITERAL = /\[[0-9a-f:.]{2,45}\]/iy;

/* Characters that are no part of an address: white space, marks and brackets around it, and of other than ASCII characters those that end sentences, quotes and brackets. */
const ENDS = new RegExp('[\\s<>"`\\p{Cc}\\u061c\\u200b\\u200e\\u200f]|(?![\\0-\\x7f])(?:[\\p{Terminal_Punctuation}\\p{Quotation_Mark}\\p{Pi}\\p{Pf}\\p{Ps}\\p{Pe}' +
	'\\u2014\\u2025\\u2026\\u22ef\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff3d\\uff5b-\\uff64])', 'u');
const ENDS_HOST = /[/?#\\*()[\]{}'|^,;!&=+$]/;
const NOT_LAST = /[.,;:!?'([{\u05f3\u05f4\u2013]/; /* a part of the address only where more of it follows */
/** @type {Record<string, string>} */
const CLOSING = { '(': ')', '[': ']', '{': '}' };

/** Returns the end of what may be a host, with user and port, and whether it ends there by itself. @param {string} text @param {number} from */
function hostEnd(text, from) {
	IP_LITERAL.lastIndex = from;
	let end = from + (IP_LITERAL.exec(text)?.[0].length ?? 0);
	for (let c; end - from <= HOST_MOST && (c = characterAt(text, end)) !== '' && !ENDS_HOST.test(c) && !ENDS.test(c);)
		end += c.length;
	return end;
}

/** Returns how much of it is the host. A port has only digits. A last label in Latin letters has no letter of another script ("example.orgです").
 * @param {string} host */
function trimmedHost(host) {
	const from = host.lastIndexOf('@') + 1;
	const colon = host.indexOf(':', host.startsWith('[', from) ? host.indexOf(']', from) + 1 : from);
	const digits = colon < 0 ? '' : /^\d{1,5}/.exec(host.slice(colon + 1))?.[0] ?? '';
	if (colon >= 0)
		return host.slice(0, digits ? colon + 1 + digits.length : colon);
	const label = Math.max(from, host.lastIndexOf('.') + 1);
	const other = /^[a-z0-9]/i.test(host.slice(label)) ? host.slice(label).search(/(?![\p{Script=Latin}\p{M}])[^\0-\x7f]/u) : -1;
	return other < 0 ? host : host.slice(0, label + other);
}

/** Returns the end of path, query and fragment. A closing bracket without an opening one in the address ends it. An asterisk that may be a mark ends it too.
 * @param {string} text @param {number} from */
function tailEnd(text, from) {
	/** @type {string[]} */
	const open = [];
	let end = from;
	for (let c, i = from; (c = characterAt(text, i)) !== '' && !ENDS.test(c); i += c.length) {
		if (c === '*' && !/[\w/]/.test(text.charAt(i + 1)))
			break;
		if (CLOSING[c])
			open.push(CLOSING[c]);
		else if (')]}'.includes(c) && open.pop() !== c)
			break;
		if (!NOT_LAST.test(c))
			end = i + c.length;
	}
	return end;
}

/**
 * The address that a scheme begins ("http://", "https://", "mailto:").
 * @param {string} text @param {number} at of the scheme @param {string} scheme
 * @returns {{end: number, isLink: boolean}} where it ends; where it is none, up to where no other can begin
 */
export function linkAt(text, at, scheme) {
	const isMail = scheme.endsWith(':');
	const start = at + scheme.length;
	LOCAL_PART.lastIndex = start;
	const local = isMail ? LOCAL_PART.exec(text)?.[0] : '';
	if (local === undefined)
		return { end: start, isLink: false };
	const from = start + local.length;
	const seen = hostEnd(text, from);
	if (text.startsWith('//', seen) && text[seen - 1] === ':')
		return { end: start, isLink: false }; /* a scheme where the host should be: the address begins there */
	let host = seen - from <= HOST_MOST ? trimmedHost(text.slice(from, seen)) : '';
	const hasTail = from + host.length === seen && (isMail ? '?' : '/?#\\').includes(characterAt(text, seen) || ' ');
	if (!hasTail)
		host = host.replace(/[.]+$/, '');
	if (!host || !URL.canParse(`http://${host}`))
		return { end: seen, isLink: false };
	return { end: hasTail ? Math.max(from + host.length, tailEnd(text, seen)) : from + host.length, isLink: true };
}
