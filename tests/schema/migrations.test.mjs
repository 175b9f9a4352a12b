// What is wrong with the migrations fails the build, with a sentence.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { projectDir } from '../e2e/lib/env.mjs';
import { temporaryDir } from '../e2e/lib/server.mjs';

const folder = join(projectDir, 'server', 'store', 'migration');

// Embeds a copy of the migrations that `change` was done to: {status, stderr, text}.
function embed(change) {
	const dir = temporaryDir(), out = join(temporaryDir(), 'migrations.c');
	cpSync(folder, dir, { recursive: true });
	change((name) => join(dir, name), readdirSync(dir).filter((name) => name.endsWith('.sql')));
	const { status, stderr } = spawnSync('python3', [join(folder, 'embed.py'), out, `${out}.d`, dir], { encoding: 'utf8' });
	return { status, stderr, text: status === 0 ? readFileSync(out, 'utf8') : undefined };
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
