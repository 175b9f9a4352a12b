// The parts of the page that need no page: the rows of a log, the window on a room, and how the files are joined. (Texts: text.test.mjs.)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Outbox } from '../../web/src/outbox.js';
import { RoomWindow, WINDOW_EVENTS } from '../../web/src/room_window.js';
import { dayLabel, logRows } from '../../web/src/rows.js';
import { Store } from '../../web/src/store.js';

const web = fileURLToPath(new URL('../../web', import.meta.url));

const me = { id: 'u1', name: 'Ana' };
const at = (minutes) => new Date(Date.UTC(2026, 4, 6, 12, minutes)).toISOString();
const message = (seq, author, minutes, text = `text ${seq}`, more = {}) =>
	({ type: 'message.created', id: `e${seq}`, room: 'r', seq, timestamp: at(minutes), data: { text, author: { id: author, name: author, kind: 'person' }, ...more } });
const view = (events, more = {}) => logRows({ events, pending: [], me, newAfter: -1, online: true, now: new Date(at(30)), ...more });

test('rows: one head for what one person writes within five minutes', () => {
	const rows = view([message(1, 'u2', 0), message(2, 'u2', 4), message(3, 'u2', 10), message(4, 'u3', 11)]);
	assert.deepEqual(rows.map((row) => row.kind), ['day', 'message', 'message', 'message', 'message']);
	assert.deepEqual(rows.slice(1).map((row) => row.head), [true, false, true, true]);
});

test('store: what comes while a mark is on its way is unread only where nobody reads', () => {
	for (const reading of [true, false]) {
		const store = new Store({ changed() {}, lost() {}, following: () => true, reading: () => reading, live() {}, removed() {} });
		store.me = me;
		const room = store.put({ id: 'r', name: 'room', kind: 'public', last_seq: 1, messages: 0, read_seq: 1, read_messages: 0 });
		store.apply(message(2, 'u2', 0));
		store.marked(room, { read_seq: 1, read_messages: 0 }); // the answer to a mark that was made before
		assert.equal(room.unread, reading ? 0 : 1);
		assert.equal(room.readSeq, 1);
	}
});

test('rows: the "New" line stands before the first unread message of another', () => {
	const kinds = (newAfter) => view([message(1, 'u2', 0), message(2, 'u1', 1), message(3, 'u2', 2)], { newAfter }).map((row) => row.key);
	assert.deepEqual(kinds(1).slice(1), ['me1', 'me2', 'new', 'me3']);
	assert.deepEqual(kinds(0).slice(1), ['new', 'me1', 'me2', 'me3']);
	assert.deepEqual(kinds(3).slice(1), ['me1', 'me2', 'me3']);
	assert.deepEqual(kinds(-1).slice(1), ['me1', 'me2', 'me3']);
});

test('rows: what is on its way stands last, until it is in the log', () => {
	const entry = { client_id: 'c1', text: 'mine', at: Date.parse(at(30)), state: 'queued' };
	const keys = (events, online) => view(events, { pending: [entry], online }).map((row) => [row.key, row.status]);
	assert.deepEqual(keys([message(1, 'u2', 29)], false).at(-1), ['pc1', 'Waiting for connection']);
	assert.deepEqual(keys([message(1, 'u2', 29)], true).at(-1), ['pc1', '']);
	assert.deepEqual(keys([message(1, 'u1', 30, 'mine', { client_id: 'c1' })], true).map(([key]) => key).slice(1), ['me1']);
	entry.state = 'sent';
	entry.seq = 1;
	assert.deepEqual(keys([message(2, 'u2', 30)], true).map(([key]) => key).slice(1), ['me2'], 'it is above what is shown');
});

test('rows: comings and goings are joined into one line', () => {
	const joined = (seq, name) => ({ type: 'member.joined', id: `e${seq}`, room: 'r', seq, timestamp: at(0), data: { user: { id: name, name, kind: 'guest' }, role: 'member' } });
	const rows = view([joined(1, 'A'), joined(2, 'B'), joined(3, 'C'), joined(4, 'D'), message(5, 'u2', 1)]);
	assert.deepEqual(rows.map((row) => row.label ?? row.kind), ['Today', 'A, B and 2 others joined', 'message']);
});

test('rows: days are named', () => {
	const now = new Date(2026, 4, 6, 0, 30);
	assert.equal(dayLabel(new Date(2026, 4, 6, 0, 1), now), 'Today');
	assert.equal(dayLabel(new Date(2026, 4, 5, 23, 59), now), 'Yesterday');
	assert.match(dayLabel(new Date(2024, 4, 5), now), /2024/);
});

const run = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i }));
const seqs = (window) => window.events.map((event) => event.seq);

test('outbox: what is discarded while it is under way stays discarded, and holds nothing up', async () => {
	for (const refusal of [{ code: 'forbidden', retryable: false, message: 'no' }, { code: 'disconnected', retryable: true, suspects: 2 }]) {
		const asked = [];
		const outbox = new Outbox({ request: (type, data) => new Promise((resolve, reject) => asked.push({ data, resolve, reject })), live: () => true, changed() {} });
		outbox.load(`someone ${refusal.code}`);
		outbox.add({ id: 'r', name: 'room' }, 'discarded');
		outbox.remove(outbox.entries[0]);
		asked[0].reject(refusal);
		await new Promise(setImmediate);
		outbox.add({ id: 'r', name: 'room' }, 'the next one');
		await new Promise(setImmediate);
		assert.deepEqual(asked.map(({ data }) => data.text), ['discarded', 'the next one']);
		const later = new Outbox({ request: () => new Promise(() => {}), live: () => true, changed() {} });
		later.load(outbox.owner); // as after a reload
		assert.deepEqual(later.entries.map(({ text }) => text), ['the next one']);
	}
});

test('window: events that come while the first page is under way join it without hole or double', () => {
	const window = new RoomWindow();
	for (const event of run(9, 12)) {
		assert.equal(window.append(event, true), true);
	}
	window.fill(run(1, 10), false, 10);
	assert.deepEqual(seqs(window), seqs({ events: run(1, 12) }));
	assert.equal(window.append({ seq: 12 }, true), false, 'a known event');
	assert.equal(window.cursor, 12);
});

test('window: never more than its bound, cut at the end that is not read', () => {
	const window = new RoomWindow();
	window.fill(run(1001, 1200), true, 1200);
	for (const event of run(1201, 1400)) {
		window.append(event, true);
	}
	assert.deepEqual([window.events.length, window.firstSeq, window.lastSeq, window.atEnd], [WINDOW_EVENTS, 1101, 1400, true]);
	window.append({ seq: 1401 }, false);
	assert.deepEqual([window.firstSeq, window.lastSeq, window.atEnd, window.cursor], [1101, 1400, false, 1401], 'who reads above keeps what is read');
	window.prepend(run(1001, 1100), true);
	assert.deepEqual([window.events.length, window.firstSeq, window.lastSeq], [WINDOW_EVENTS, 1001, 1300]);
	window.extend(run(1301, 1400));
	assert.deepEqual([window.firstSeq, window.lastSeq, window.atEnd], [1101, 1400, false]);
	window.extend(run(1401, 1401));
	assert.deepEqual([window.lastSeq, window.atEnd], [1401, true]);
});

test('window: a gap starts it again', () => {
	const window = new RoomWindow();
	window.fill(run(1, 10), false, 10);
	window.skip(500);
	assert.equal(window.append({ seq: 500 }, true), false);
	assert.equal(window.append({ seq: 501 }, true), true);
	assert.deepEqual([seqs(window), window.hasOlder, window.atEnd], [[501], true, true]);
	window.skip(0); /* a restored backup: what follows is the whole room */
	assert.equal(window.append({ seq: 7 }, true), true);
});

test('files: joined into few, within the budget, the same every time', () => {
	const dir = mkdtempSync(join(tmpdir(), 'parley-web-'));
	try {
		const sources = readdirSync(join(web, 'src')).map((name) => join(web, 'src', name));
		const build = (name, files) => {
			execFileSync('python3', [join(web, 'embed.py'), join(dir, name), ...files]);
			return readFileSync(join(dir, name), 'utf8');
		};
		const text = build('one.c', sources);
		assert.equal(build('two.c', sources.toReversed?.() ?? [...sources].reverse()), text, 'the result depends on the order of the files');
		const assets = [...text.matchAll(/^\t\{"(\/[^"]+)", .*?raw_(\d+), sizeof raw_\d+, (gzip|NULL).*, (true|false)\},$/gm)];
		assert.ok(assets.length <= 6, 'few requests');
		assert.deepEqual(assets.filter(([, , , , immutable]) => immutable === 'false').map(([, path]) => path), ['/index.html']);
		const bytes = (label) => Uint8Array.from(new RegExp(`${label}\\[\\] = \\{([^}]*)\\}`).exec(text)[1].split(',').map(Number).slice(0, -1));
		const first = assets.reduce((sum, [, , n, packed]) => sum + bytes(packed === 'gzip' ? `gzip_${n}` : `raw_${n}`).length, 0);
		assert.ok(first <= 70 * 1024, `the first load takes ${first} bytes`);
		const [, , page] = assets.find(([, path]) => path === '/index.html');
		const html = Buffer.from(bytes(`raw_${page}`)).toString();
		for (const [, path] of assets.filter(([, p]) => p !== '/index.html')) {
			assert.ok(html.includes(`"${path}"`), `${path} is not named by the page`);
		}
		const [, , script] = assets.find(([, path]) => path.endsWith('.js'));
		writeFileSync(join(dir, 'joined.mjs'), bytes(`raw_${script}`));
		execFileSync(process.execPath, ['--check', join(dir, 'joined.mjs')]);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
});

test('files: no way to make markup or code from a string', () => {
	for (const name of readdirSync(join(web, 'src')).filter((file) => file.endsWith('.js'))) {
		const code = readFileSync(join(web, 'src', name), 'utf8');
		assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\('style'/, name);
	}
});
