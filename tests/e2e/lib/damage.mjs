// Damage in the files of a data directory, byte by byte.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

export const PAGE_BYTES = 4096;

export function overwrite(path, at, bytes) {
	const fd = openSync(path, 'r+');
	writeSync(fd, bytes, 0, bytes.length, at);
	closeSync(fd);
}

// Where the text is in the file: exactly once.
export function placeOf(path, text) {
	const bytes = readFileSync(path);
	const at = bytes.indexOf(text);
	assert.ok(at >= 0, `"${text}" is not in ${path}`);
	assert.equal(bytes.indexOf(text, at + 1), -1, `"${text}" is in ${path} twice`);
	return at;
}

export function overwritePageOf(path, text) {
	overwrite(path, Math.floor(placeOf(path, text) / PAGE_BYTES) * PAGE_BYTES, Buffer.alloc(PAGE_BYTES, 0xa5));
}

// One bit of the text is another.
export function flipIn(path, text) {
	overwrite(path, placeOf(path, text), Buffer.from([text.charCodeAt(0) ^ 1]));
}
