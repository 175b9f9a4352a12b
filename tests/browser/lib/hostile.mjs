// Texts that are made to cost their readers time: by a kind's name, the piece that is repeated, or a function that makes a text of about n characters.
// A kind is here because a parser of some page looked at it again and again, or because it makes very many, very deep or very tall things.

const fill = (piece, n) => piece.repeat(Math.ceil(n / piece.length));

export const HOSTILE = {
	'schemes, then brackets': (n) => 'http:///'.repeat(60) + fill(')', n - 480),
	'a link, then brackets': (n) => 'http://a/' + fill(')', n),
	'a link, then stops': (n) => 'http://a/' + fill('.', n - 10) + ' x',
	'schemes without a host': 'http:///',
	'schemes after schemes': 'http://',
	'hosts that are none': 'http://a%',
	'one long host that is none': (n) => 'http://%' + fill('a', n),
	'thousands of links': 'http://a.b ',
	'thousands of foreign links': 'http://é.ü ',
	'links cut by brackets': 'http://a/)',
	'nested brackets in a link': (n) => 'http://a/' + fill('(', n / 2) + fill(')', n / 2),
	'wrong brackets in a link': 'http://a/([{)',
	'addresses of mail without an at sign': 'mailto:a',
	'addresses of mail': 'mailto:a@b ',
	'asterisks': '*',
	'asterisks that open': '*a ',
	'asterisks that open, then close': (n) => fill('*a ', n / 2) + fill('a* ', n / 2),
	'double ones that close nothing': (n) => fill('*a ', n / 2) + fill('b** ', n / 2),
	'marks of both kinds': '*a **b ',
	'runs of three': '***a***b ',
	'thousands of bold words': '**a** ',
	'bold without spaces': '**太**字',
	'backquotes': '`a',
	'thousands of code spans': '`a` ',
	'fences': '```\n',
	'fences with names': '```sh\n',
	'spaces inside': (n) => 'a' + fill(' ', n - 2) + 'b',
	'lines of spaces': (n) => 'a' + fill(' \n', n - 2) + 'b',
	'newlines': (n) => 'a' + fill('\n', n - 2) + 'b',
	'line separators': '\u2028a',
	'one long word': 'a',
	'at signs': '@',
	'mentions that are none': '@annabelle',
	'mentions in code': '`@ann`',
	'marks on one letter': (n) => 'a' + fill('\u0301\u0316', n),
	'marks on every letter': `a${'\u0301\u0316\u0334'.repeat(10)}`,
	'marks behind an at sign': (n) => '@a' + fill('\u0316\u0301', n),
	'ligatures that are sentences': '@\ufdfa',
	'surrogates': '🎉*',
};

export const TEXT_BYTES = 8000; // limit-text-bytes, unless set otherwise

// A text of one kind that is as long as fits into so many bytes.
export function hostileText(name, bytes) {
	const kind = HOSTILE[name];
	const text = Buffer.from(typeof kind === 'function' ? kind(bytes) : fill(kind, bytes)).subarray(0, bytes).toString();
	return text.replace(/\ufffd+$/, '');
}
