// What a hook says mentions nobody, as the page reads it: the server leaves at signs in code and addresses as they are, and what is one of these only the page's reader knows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { mentions } from '../../web/src/mentions.js';
import { parseText } from '../../web/src/text.js';
import { command, request } from './lib/http.mjs';
import { serverFor } from './lib/server.mjs';

const AT_ONCE = 100;
const TEXT_BYTES = 300; // some texts are cut
const SEED = Number(process.env.HOOK_MENTIONS_SEED ?? 12);
const ROUNDS = Number(process.env.HOOK_MENTIONS_ROUNDS ?? 5);
const PIECES = ['`', '`', '```', '\n', '\n', '\n```\n', '```js\n', '@ann', '@ann', '＠ann', 'https://', 'http://x.org/', 'https://x.org:80/a', 'x', ' ', '(', ')', '*', '**', 'é', '\u202a', '\u00a0', '.',
	'/', '?', 'mailto:', 'j@x.org', '"', '<', ':', '-', '#', '%', ' \t', '\u2066', 'x.org/', '\'', '[', ']', '_', '0', 'xn--', 'a'.repeat(20), 'a'.repeat(160)];

// Numbers below `most`, the same for each seed.
function random(seed) {
	let state = seed;
	return (most) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * most);
	};
}

test('no text mentions anybody, whatever it is made of, and at signs in code and addresses stay', async (t) => {
	const server = await serverFor(t, { args: ['--limit-hook-posts', '0', '--limit-text-bytes', `${TEXT_BYTES}`] });
	const { token } = await command(server, 'account.create', { name: 'Owner', password: 'correct horse battery' });
	const room = await command(server, 'room.create', { name: 'quiet' }, { token });
	const { url } = await command(server, 'hook.create', { room: room.id, name: 'Quiet' }, { token });
	const below = random(SEED);
	const vectors = JSON.parse(readFileSync(new URL('../browser/text_vectors.json', import.meta.url), 'utf8'));
	const given = [...vectors.map(([text]) => text), ...Array.from({ length: ROUNDS * AT_ONCE }, () => Array.from({ length: 1 + below(24) }, () => PIECES[below(PIECES.length)]).join(''))];
	const names = [...new Set(['ann', ...vectors.flatMap(([, , mentioned = {}]) => Object.keys(mentioned))])];
	let nKept = 0;
	let after = 0;
	for (let i = 0; i < given.length; i += AT_ONCE) {
		const posts = given.slice(i, i + AT_ONCE).map((text) => request(server, 'POST', url, { body: JSON.stringify({ blocks: [{ type: 'markdown', text }] }) }));
		(await Promise.all(posts)).forEach(({ status, text }) => assert.ok(status === 200 || text === 'no_text', text));
		const { events } = await command(server, 'history.read', { room: room.id, limit: 200 }, { token });
		for (const { data: { text } } of events.filter((event) => event.type === 'message.created' && event.seq > after)) {
			const blocks = parseText(text);
			assert.deepEqual(names.filter((name) => mentions(blocks, name)), [], JSON.stringify(text));
			nKept += /(?<!\w)@ann/.test(text) ? 1 : 0;
		}
		after = events.at(-1).seq;
	}
	t.diagnostic(`${given.length} texts, ${nKept} with an at sign that stays`);
	assert.ok(nKept > 5, `${nKept}`);
});
