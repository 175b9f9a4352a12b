// The texts of other people: their syntax and mentions by a table that any client can use, and that no text costs its readers more than others
// of its length.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isMentioned, summaryOf } from '../../web/src/digest.js';
import { mentions } from '../../web/src/mentions.js';
import { logRows, nameList } from '../../web/src/rows.js';
import { firstPart, parseText, plainBlocks } from '../../web/src/text.js';
import { HOSTILE, TEXT_BYTES, hostileText } from './lib/hostile.mjs';

// A compact way to write trees: code in `…`, links in <…>, bold in B(…), italic in I(…), fenced code in [[…]], blocks with | between them.
function written(nodes) {
	return nodes.map((node) => {
		switch (node.kind) {
		case 'code': return `\`${node.text}\``;
		case 'link': return `<${node.text}>`;
		case 'bold': return `B(${written(node.children)})`;
		case 'italic': return `I(${written(node.children)})`;
		default: return node.text;
		}
	}).join('');
}
const writtenBlocks = (blocks) => blocks.map((block) => (block.kind === 'pre' ? `[[${block.text}]]` : written(block.children))).join('|');

const plainText = (source) => plainBlocks(parseText(source));

const VECTORS = JSON.parse(readFileSync(new URL('text_vectors.json', import.meta.url), 'utf8'));
for (const [source, tree, mentioned = {}] of VECTORS) {
	test(`text: ${JSON.stringify(source).slice(0, 60)}`, () => {
		const blocks = parseText(source);
		assert.equal(writtenBlocks(blocks), tree);
		for (const [name, isOne] of Object.entries(mentioned)) {
			assert.equal(mentions(blocks, name), isOne, `mentions ${name}`);
		}
	});
}

test('text: what is read out has no marks', () => {
	assert.equal(plainText('Hello **Bob**, *can **you** see* `this`? https://example.org\n```\ncode\n```\n'), 'Hello Bob, can you see this? https://example.org\ncode');
	assert.equal(plainText('2 * 3 * 4 \u202etxt'), '2 * 3 * 4 txt');
	assert.equal(plainText(''), '');
});

// --- what a text may cost --------------------------------------------------------------------------------------------------------------------

// The least processor time of several runs, of this process only: other programs on the machine do not count.
function leastMs(work, runs = 3) {
	let least = Infinity;
	for (let i = 0; i < runs; i++) {
		const before = process.cpuUsage();
		work(i);
		const { user, system } = process.cpuUsage(before);
		least = Math.min(least, (user + system) / 1000);
	}
	return least;
}

// All that is done with a message before it is on the screen.
function read(text) {
	const message = { text };
	isMentioned(message, 'Annabelle');
	summaryOf(message);
	firstPart(parseText(text), { characters: 2500, lines: 40, marks: 100 });
}

// Eight times the text may take eight times as long, and what a noisy machine adds; what looks again and again takes 64 times as long.
function assertProportional(what, textOf) {
	const ms = leastMs(() => read(textOf(TEXT_BYTES)));
	assert.ok(ms < 100, `${what}: ${ms} ms for ${TEXT_BYTES} bytes`);
	const longMs = leastMs(() => read(textOf(8 * TEXT_BYTES)));
	assert.ok(longMs < 24 * Math.max(ms, 1), `${what}: ${ms} ms for ${TEXT_BYTES} bytes, ${longMs} ms for eight times as many`);
}

for (const kind of Object.keys(HOSTILE)) {
	test(`text: the time for a hostile text is proportional to its length: ${kind}`, () => assertProportional(kind, (bytes) => hostileText(kind, bytes)));
}

// A generator that gives the same texts every time.
function* randoms(seed) {
	for (let state = seed; ;) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		yield state / 2 ** 32;
	}
}

const PIECES = ['*', '**', '***', '`', '```', '```sh', '\n', '\n\n', ' ', '\t', 'a', 'é', '字', '。', 'http://', 'https://', 'mailto:', 'a.b', '/', '//', '?', '#', '%', '@', '@ann',
	'＠', '(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '’', '…', '.', ',', ':', ';', '!', '-', '_', '~', '\\', '|', '\u0301', '\u0316', '\u200b', '\u200f', '\u202e', '\u2028', '🎉', '\ufdfa',
	'\ud800', 'x'.repeat(40), ')'.repeat(40), '.'.repeat(40), ' '.repeat(40), '*a '.repeat(10), '[::1]', ':80'];

test('text: the time for generated hostile texts is proportional to their length', () => {
	const random = randoms(20260506);
	const next = (n) => Math.floor(random.next().value * n);
	for (let i = 0; i < 100; i++) {
		const parts = Array.from({ length: 2 + next(3) }, () => Array.from({ length: 1 + next(4) }, () => PIECES[next(PIECES.length)]).join(''));
		const textOf = (bytes) => parts.map((part) => part.repeat(Math.ceil(bytes / parts.length / Buffer.byteLength(part)))).join('');
		assertProportional(JSON.stringify(parts), textOf);
	}
});

test('text: nothing of a text is lost or made up, whatever it is', () => {
	const random = randoms(7);
	const next = (n) => Math.floor(random.next().value * n);
	const bare = (text) => text.replace(/[*`\s]|[\u202a-\u202e\u2066-\u2069]|```[\w+#.-]*/g, '').replaceAll('sh', '');
	for (let i = 0; i < 3000; i++) {
		const source = Array.from({ length: next(30) }, () => PIECES[next(PIECES.length)]).join('');
		assert.equal(bare(plainText(source)), bare(source), JSON.stringify(source));
		for (const node of parseText(source).flatMap((block) => block.children ?? [])) {
			assert.ok(node.kind !== 'link' || URL.canParse(node.text), JSON.stringify(source));
		}
	}
});

const elements = (nodes) => nodes.reduce((n, node) => n + Number(node.kind !== 'text') + elements(node.children ?? []), 0);
const depth = (nodes) => nodes.reduce((most, node) => Math.max(most, node.children ? 1 + depth(node.children) : 0), 0);

for (const kind of Object.keys(HOSTILE)) {
	test(`text: few elements and no deep ones: ${kind}`, () => {
		const blocks = parseText(hostileText(kind, TEXT_BYTES));
		assert.ok(blocks.length + elements(blocks) <= 2000, `${blocks.length} blocks, ${elements(blocks)} elements`);
		assert.ok(depth(blocks) <= 3, `${depth(blocks)} deep`);
		const { blocks: first, isWhole } = firstPart(blocks, { characters: 2500, lines: 40, marks: 100 });
		assert.ok(elements(first) <= 200 && plainText(writtenBlocks(first)).split('\n').length <= 250);
		if (isWhole)
			assert.equal(writtenBlocks(first), writtenBlocks(blocks));
	});
}

test('text: the first part ends at the first bound it meets, between characters', () => {
	const first = (source, most) => {
		const { blocks, isWhole } = firstPart(parseText(source), { characters: 100, lines: 100, marks: 100, ...most });
		return [writtenBlocks(blocks), isWhole];
	};
	assert.deepEqual(first('a **b** c', {}), ['a B(b) c', true]);
	assert.deepEqual(first('a **bcd** e', { characters: 4 }), ['a B(bc)', false]);
	assert.deepEqual(first('a🎉b', { characters: 2 }), ['a', false]);
	assert.deepEqual(first('a\nb\nc', { lines: 2 }), ['a\nb', false]);
	assert.deepEqual(first('a\nb', { lines: 2 }), ['a\nb', true]);
	assert.deepEqual(first('a\n```\nb\nc\n```\nd', { lines: 2 }), ['a|[[b]]', false]);
	assert.deepEqual(first('`a` `b` c', { marks: 1 }), ['`a` ', false]);
	assert.deepEqual(first('`a` c', { marks: 1 }), ['`a` c', true]);
});

test('text: a summary does not end in half a character', () => {
	assert.equal(summaryOf({ text: `a${'🎉'.repeat(200)}` }), `a${'🎉'.repeat(149)}`);
	assert.equal(summaryOf({ text: '**short**' }), 'short');
});

test('rows: a text is read once, however often the log is rendered', () => {
	let nReads = 0;
	const data = { author: { id: 'u2', name: 'Ben', kind: 'person' }, get text() {
		nReads++;
		return 'hello @Ana';
	} };
	const events = [{ type: 'message.created', id: 'e1', room: 'r', seq: 1, timestamp: '2026-05-06T12:00:00.000Z', data }];
	const render = () => logRows({ events, pending: [], asides: [], me: { id: 'u1', name: 'Ana' }, newAfter: -1, online: true, now: new Date('2026-05-06T12:01:00.000Z') });
	assert.equal(render()[1].mention, true);
	const before = nReads;
	render();
	assert.equal(nReads, before);
});

test('rows: many changes of the topic in a row are one line', () => {
	const events = Array.from({ length: 300 }, (_, i) => ({ type: 'room.updated', id: `e${i}`, room: 'r', seq: i + 1, timestamp: '2026-05-06T12:00:00.000Z',
		data: { by: { id: 'u2', name: 'Ben' }, ...(i % 2 ? { topic: `topic ${i} ${'x'.repeat(480)}` } : { name: `room ${i}` }) } }));
	const [, notice] = logRows({ events, pending: [], asides: [], me: { id: 'u1', name: 'Ana' }, newAfter: -1, online: true, now: new Date('2026-05-06T12:01:00.000Z') });
	assert.match(notice.label, /^Ben renamed the room to room 298 · Ben set the topic: topic 299 x+$/);
	const both = { ...events[0], data: { by: { id: 'u2', name: 'Ben' }, name: 'new', topic: 'also new' } };
	const rows = logRows({ events: [both], pending: [], asides: [], me: { id: 'u1', name: 'Ana' }, newAfter: -1, online: true, now: new Date('2026-05-06T12:01:00.000Z') });
	assert.equal(rows[1].label, 'Ben renamed the room to new · Ben set the topic: also new');
});

test('rows: names with commas stay whole in a list of names', () => {
	assert.equal(nameList(['Smith, Ann']), 'Smith, Ann');
	assert.equal(nameList(['Smith, Ann', 'Ben']), 'Smith, Ann and Ben');
	assert.equal(nameList(['A', 'B', 'C']), 'A, B and C');
	assert.equal(nameList(['A', 'B', 'C', 'D']), 'A, B and 2 others');
});
