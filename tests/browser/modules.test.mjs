// The parts of the page that need no page: the rows of a log, the window on a room, and how the files are joined. (Texts: text.test.mjs.)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MessageChanges, isDeleted } from '../../web/src/message_changes.js';
import { Outbox } from '../../web/src/outbox.js';
import { RoomReader } from '../../web/src/room_reader.js';
import { RoomWindow, WINDOW_EVENTS } from '../../web/src/room_window.js';
import { dayLabel, logRows } from '../../web/src/rows.js';
import { Store } from '../../web/src/store.js';

const web = fileURLToPath(new URL('../../web', import.meta.url));

const me = { id: 'u1', name: 'Ana' };
const at = (minutes) => new Date(Date.UTC(2026, 4, 6, 12, minutes)).toISOString();
const message = (seq, author, minutes, text = `text ${seq}`, more = {}) =>
	({ type: 'message.created', id: `e${seq}`, room: 'r', seq, timestamp: at(minutes), data: { text, author: { id: author, name: author, kind: 'person' }, ...more } });
const view = (events, more = {}) => logRows({ events, pending: [], asides: [], me, newAfter: -1, online: true, now: new Date(at(30)), ...more });

test('rows: one head for what one person writes within five minutes', () => {
	const rows = view([message(1, 'u2', 0), message(2, 'u2', 4), message(3, 'u2', 10), message(4, 'u3', 11)]);
	assert.deepEqual(rows.map((row) => row.kind), ['day', 'message', 'message', 'message', 'message']);
	assert.deepEqual(rows.slice(1).map((row) => row.head), [true, false, true, true]);
});

test('rows: what only this person sees stands behind what came before it, and begins a new head', () => {
	const asides = [2, 3, 3, 9].map((after, i) => ({ id: i + 1, text: `aside ${i + 1}`, after }));
	const kinds = (events) => view(events, { asides }).map((row) => row.aside?.id ?? row.event?.seq ?? row.kind);
	const events = [message(3, 'u2', 0), message(4, 'u2', 1), { ...message(5, 'u2', 2), type: 'member.joined', data: { user: { id: 'u3', name: 'u3' } } }];
	assert.deepEqual(kinds(events), [1, 'day', 3, 2, 3, 4, 'notice', 4]);
	assert.deepEqual(kinds([message(4, 'u2', 1)]), [2, 3, 'day', 4, 4], 'not those before what the window has');
	assert.equal(view(events, { asides }).find((row) => row.event?.seq === 4).head, true);
	assert.equal(view(events).find((row) => row.event?.seq === 4).head, false);
});

test('rows: an action has no head, and what follows it has one', () => {
	const rows = view([message(1, 'u2', 0), message(2, 'u2', 1, 'waves', { style: 'action' }), message(3, 'u2', 2)]);
	assert.deepEqual(rows.slice(1).map((row) => row.head), [true, false, true]);
});

const edited = (seq, of, text, author = 'u2') => ({ ...message(seq, author, seq, text), type: 'message.edited', data: { author: { id: author, name: author }, message: of, text } });
const deleted = (seq, of, by = 'u2') => ({ ...message(seq, by, seq), type: 'message.deleted', data: { by: { id: by, name: by }, message: of } });
const changesOf = (...events) => {
	const changes = new MessageChanges();
	for (const event of events) {
		changes.take([event]);
	}
	return changes;
};

test('rows: the newest change of a message counts, in whatever order changes come', () => {
	const events = [message(1, 'u2', 0, 'one'), message(2, 'u2', 1, 'two'), message(4, 'u2', 2, 'four', { reply_to: 1 })];
	const edit = edited(3, 1, 'three');
	const shown = (...changes) => view(events, { changes: changesOf(...changes) }).filter((row) => row.event).map((row) => row.event.data.text);
	assert.deepEqual(shown(), ['one', 'two', 'four']);
	assert.deepEqual(shown(edit), ['three', 'two', 'four']);
	assert.deepEqual(shown(edited(9, 1, 'nine'), edit), ['nine', 'two', 'four']);
	assert.deepEqual(shown(edit, deleted(10, 1), edited(9, 1, 'nine')), ['', 'two', 'four']);
	const rows = (change) => view(events, { changes: changesOf(change) }).filter((row) => row.event);
	assert.deepEqual(rows(edit).map((row) => row.head), [true, false, true], 'a changed message is in its group');
	assert.equal(rows(edit)[2].quote.text, 'three');
	assert.equal(rows(deleted(10, 1))[2].quote.text, 'Message deleted');
	assert.notEqual(rows(edit)[2].sig, rows(deleted(10, 1))[2].sig, 'the answer is drawn anew');
	const changes = changesOf(edit);
	assert.equal(view(events, { changes })[1].event, view(events, { changes })[1].event, 'what is parsed once is not made again');
	assert.equal(events[0].data.text, 'one');
});

test('rows: own messages can be changed, those of others deleted by who rules, and deleted ones not at all', () => {
	const may = (more) => view([message(1, 'u1', 0), message(2, 'u2', 1), message(3, 'u1', 2)], { changes: changesOf(deleted(9, 3)), ...more })
		.filter((row) => row.event).map((row) => [row.own, row.mayDelete]);
	assert.deepEqual(may({}), [[true, true], [false, false], [true, false]]);
	assert.deepEqual(may({ rules: true }), [[true, true], [false, true], [true, false]]);
});

test('window: a change waits for the page with its message, and few wait', () => {
	const window = new RoomWindow();
	window.fill([message(401, 'u2', 0)], true, 401);
	window.append(edited(402, 5, 'new'), true);
	window.prepend([message(5, 'u2', 0, 'old')], true);
	assert.equal(window.changes.shown(window.events[0]).data.text, 'new');
	for (let seq = 403; seq < 403 + 3 * WINDOW_EVENTS; seq++) {
		window.append(edited(seq, seq - 300, 'more'), false);
	}
	assert.ok(window.changes.newest.size <= 2 * WINDOW_EVENTS);
	assert.equal(window.changes.shown(window.events[0]).data.text, 'new');
	window.skip(2000);
	assert.equal(window.changes.newest.size, 0);
});

test('window: many changes of one message leave the others, and the ends of the run are known', () => {
	const window = new RoomWindow();
	const messages = run(1, 20).map(({ seq }) => message(seq, 'u2', 0));
	window.fill(messages, false, 20);
	for (let seq = 21; seq <= 1020; seq++) {
		window.append(edited(seq, 20, `step ${seq}`), true);
	}
	assert.deepEqual([seqs(window), window.firstSeq, window.lastSeq, window.hasOlder, window.atEnd, window.hasRoom], [seqs({ events: messages }), 1, 1020, false, true, true]);
	assert.equal(window.changes.shown(window.events.at(-1)).data.text, 'step 1020');
	const late = new RoomWindow();
	late.append(edited(1021, 20, 'step 1021'), true);
	late.append(message(1022, 'u2', 1), true);
	late.fill([edited(1020, 20, 'step 1020')], true, 1020);
	assert.deepEqual([seqs(late), late.firstSeq, late.lastSeq, late.atEnd], [[1022], 1020, 1022, true], 'a change closes the run to what came meanwhile');
	late.prepend([message(1018, 'u2', 0), edited(1019, 18, 'x')], true);
	late.prepend([edited(1017, 18, 'x')], true);
	assert.deepEqual([seqs(late), late.firstSeq, late.lastSeq], [[1018, 1022], 1017, 1022]);
	late.extend([edited(1023, 20, 'x'), message(1024, 'u2', 2), edited(1025, 20, 'y')]);
	assert.deepEqual([seqs(late), late.lastSeq], [[1018, 1022, 1024], 1025]);
	for (let first = 1016; first > 1; first--) {
		late.prepend([edited(first, 1, 'x')], true);
	}
	assert.equal(late.hasRoom, true);
	late.extend(Array.from({ length: 3000 }, (_, i) => edited(1026 + i, 20, 'z')));
	assert.equal(late.hasRoom, false, 'nobody reads the whole log for a few messages without asking for it');
});

test('reader: what a page brings of changes counts, however many there are', async () => {
	const room = { id: 'r', unread: 0, readSeq: 0, window: null };
	const page = async (_, { before = 2001, limit }) => {
		const events = Array.from({ length: limit }, (_, i) => message(before - limit + i, 'u2', 0));
		return { events, changes: events.map(({ seq }) => deleted(seq + 5000, seq)), more: true, last_seq: 2000 };
	};
	const reader = new RoomReader({ request: page, changed() {}, marked() {} });
	await reader.fill(room);
	for (let n = 0; n < 12; n++) {
		reader.older(room);
		await new Promise(setImmediate);
		assert.deepEqual(room.window.events.filter((event) => !isDeleted(room.window.changes.shown(event))), [], `page ${n}`);
	}
	assert.equal(room.window.firstSeq, 701);
	assert.ok(room.window.changes.newest.size <= 2 * WINDOW_EVENTS);
	await reader.present(room);
	assert.deepEqual([room.window.lastSeq, isDeleted(room.window.changes.shown(room.window.events[0]))], [2000, true]);
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
