// The recipes of OPERATING.md word for word, with each machine's own addresses and files put in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from './env.mjs';

const document = () => readFileSync(join(projectDir, 'deploy', 'OPERATING.md'), 'utf8');

// The first indented block behind the line that begins with `title`.
function recipe(title) {
	const lines = document().split('\n');
	const from = lines.findIndex((line) => line.startsWith(title));
	assert.ok(from >= 0, `OPERATING.md has no recipe for ${title}`);
	const first = lines.findIndex((line, i) => i > from && line.startsWith('    '));
	const end = lines.findIndex((line, i) => i > first && line !== '' && !line.startsWith('    '));
	return lines.slice(first, end).map((line) => line.slice(4)).join('\n');
}

// Each of `changes` is [what stands there, what is to stand there] and must be found once.
function changed(text, changes) {
	for (const [from, to] of changes) {
		assert.equal(text.split(from).length, 2, `the recipe has "${from}" not just once`);
		text = text.replace(from, () => to);
	}
	return text;
}

export const haproxyRecipe = (changes) => changed(recipe('HAProxy:'), changes);
export const nginxRecipe = (changes) => changed(recipe('nginx ('), changes);
export const restoreRecipe = (changes) => changed(recipe('**Backup.**'), changes);
export const moveRecipe = (changes) => changed(recipe('### Moving to PostgreSQL'), changes);

// A rule that the document names, as it stands there.
export function rule(text) {
	assert.ok(document().includes(`\`${text}\``), `OPERATING.md does not name the rule ${text}`);
	return text;
}
