// What is wrong with the migrations fails the build, with a sentence.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { projectDir } from '../e2e/lib/env.mjs';
import { temporaryDir } from '../e2e/lib/server.mjs';
import { pathOf } from './schemas.mjs';

const folder = join(projectDir, 'server', 'store', 'migration');

// What the compiler says of the tables that are copied: nothing, when a copy can move them.
function compile(path) {
	const folders = ['server', 'protocol'].map((name) => `-I${join(projectDir, name)}`);
	return spawnSync('gcc', ['-std=c17', '-fsyntax-only', ...folders, `-I${pathOf('')}`, `-I${pathOf('codec')}`, '-x', 'c', path], { encoding: 'utf8' }).stderr;
}

// Embeds a copy of the migrations that `change` was done to: {status, stderr, text, copied, compile()}.
function embed(change) {
	const dir = temporaryDir(), out = join(temporaryDir(), 'migrations.c');
	cpSync(folder, dir, { recursive: true });
	change((name) => join(dir, name), readdirSync(dir).filter((name) => name.endsWith('.sql')));
	const { status, stderr } = spawnSync('python3', [join(folder, 'embed.py'), out, `${out}.copied`, `${out}.d`, dir], { encoding: 'utf8' });
	const read = (path) => status === 0 ? readFileSync(path, 'utf8') : undefined;
	return { status, stderr, text: read(out), copied: read(`${out}.copied`), compile: () => compile(`${out}.copied`) };
}

function assertRefused(sentence, change) {
	const { status, stderr } = embed(change);
	assert.equal(status, 1);
	assert.match(stderr, sentence);
}

test('the migrations as they are can be embedded, and a further one is without being listed', () => {
	const asItIs = embed(() => {});
	assert.equal(asItIs.status, 0, asItIs.stderr);
	const next = (asItIs.text.match(/sqlite_\d+, postgres_\d+/g) ?? []).length + 1;
	assert.ok(next > 2);
	const further = embed((path) => {
		for (const database of ['sqlite', 'postgres']) {
			writeFileSync(path(`${String(next).padStart(3, '0')}_further.${database}.sql`), 'SELECT 1;\n');
		}
	});
	assert.match(further.text, new RegExp(`\\{${next}, "further", sqlite_${next}, postgres_${next}\\}`));
});

test('a missing half, a hole, a number twice, an empty file and an unknown name are refused', () => {
	assertRefused(/002_account\.postgres\.sql is missing/, (path) => rmSync(path('002_account.postgres.sql')));
	assertRefused(/there is no migration 001/, (path, names) => names.filter((name) => name.startsWith('001')).forEach((name) => rmSync(path(name))));
	assertRefused(/two migrations have the number 002: \w+ and \w+/, (path) => renameSync(path('002_account.sqlite.sql'), path('002_user.sqlite.sql')));
	assertRefused(/holds no statement/, (path) => writeFileSync(path('002_account.sqlite.sql'), '-- nothing\n'));
	assertRefused(/3_more\.sql is not named/, (path) => writeFileSync(path('3_more.sql'), 'SELECT 1;\n'));
});

// What a further migration for PostgreSQL makes of the tables that are copied.
const further = (sql) => (path, names) => {
	const number = String(names.length / 2 + 1).padStart(3, '0');
	writeFileSync(path(`${number}_further.sqlite.sql`), 'SELECT 1;\n');
	writeFileSync(path(`${number}_further.postgres.sql`), sql);
};

test('a further table is copied as its migration says, and so is a further column', () => {
	const table = embed(further('-- copied: pin by 1: room_no n, said T\nCREATE TABLE pin (room_no BIGINT);\n'));
	assert.match(table.copied ?? table.stderr, /\{"pin", "room_no, said", "nT", 1, NULL\},\n\t\{NULL/);
	const column = embed(further('-- copied: client_id also: seen_ms N\nALTER TABLE client_id ADD COLUMN seen_ms BIGINT;\n'));
	assert.match(column.copied ?? column.stderr, /\{"client_id", "author_no, client_id, event_pk, seen_ms", "nbnN", 2, NULL\}/);
});

test('what a migration makes and a copy would lose is refused', () => {
	assertRefused(/_further\.postgres\.sql: makes pin, and does not say/, further('CREATE TABLE pin (room_no BIGINT);\n'));
	assertRefused(/_further\.postgres\.sql: makes room\.pin, and does not say/, further('ALTER TABLE room ADD COLUMN pin TEXT;\n'));
	assertRefused(/_further\.postgres\.sql:1: this does not say how/, further('-- copied: pin by 1: room_no x\nCREATE TABLE pin (room_no BIGINT);\n'));
	assertRefused(/_further\.postgres\.sql:1: this does not say how/, further('-- copied: pin by 0: room_no n\nCREATE TABLE pin (room_no BIGINT);\n'));
	assertRefused(/_further\.postgres\.sql:1: the key of pin has 2 columns, and fewer are named/, further('-- copied: pin by 2: room_no n\nCREATE TABLE pin (room_no BIGINT);\n'));
	assertRefused(/_further\.postgres\.sql:1: pin is not copied yet/, further('-- copied: pin also: room_no n\nSELECT 1;\n'));
	assertRefused(/_further\.postgres\.sql:1: room is copied already/, further('-- copied: room by 1: no n\nSELECT 1;\n'));
});

test('a key may have six columns and a table sixteen, and what is wider fails the build with its name', () => {
	const wide = (keys, columns) => embed(further(`-- copied: sign by ${keys}: ${Array.from({ length: columns }, (_, i) => `c${i} n`).join(', ')}\nCREATE TABLE sign (c0 BIGINT);\n`)).compile();
	assert.equal(wide(6, 16), '');
	assert.match(wide(7, 16), /"the key of sign has more columns than a copy moves"/);
	assert.match(wide(6, 17), /"sign has more columns than a copy moves"/);
});
