// server/store/gather.py: an operation that contradicts itself fails the build with one sentence that begins with file and line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { projectDir } from '../e2e/lib/env.mjs';
import { temporaryDir } from '../e2e/lib/server.mjs';

const store = join(projectDir, 'server', 'store');
const gather = (folder, ...options) => spawnSync('python3', [join(store, 'gather.py'), '--store', folder, ...options], { encoding: 'utf8' });

// A copy of the store in which `change` was done to one file's text; a file that is not there begins empty.
function storeWith(file, change) {
	const folder = temporaryDir();
	cpSync(store, folder, { recursive: true });
	const path = join(folder, file);
	let text = '';
	try {
		text = readFileSync(path, 'utf8');
	} catch { /* a further one */ }
	const changed = change(text);
	assert.notEqual(changed, text, `nothing changed in ${file}`);
	writeFileSync(path, changed);
	return folder;
}

const PIN = 'struct store_pin {\n\tstruct store_op op;\n\tuint64_t room_no;\n\tstruct buf data;\n};\n';
const pin = (row, before = PIN) => () => `${before}${row}\n`;

// what, the file, the change, what is said
const faults = [
	['a row that is none', 'op_pin.h', pin('STORE_OP(pin, READ);'), /op_pin\.h:6: this is no row/],
	['a row over two lines', 'op_pin.h', pin('STORE_OP(pin, READ, NOTHING,\n\tNO_ROOM);'), /op_pin\.h:6: this is no row/],
	['a row without a struct', 'op_pin.h', pin('STORE_OP(pinned, READ, NOTHING, NO_ROOM);'), /op_pin\.h:6: pinned: no struct store_pinned/],
	['a struct without a row', 'op_pin.h', pin(''), /op_pin\.h:1: store_pin is an operation without a row/],
	['a struct that begins otherwise', 'op_pin.h', pin('STORE_OP(pin, READ, NOTHING, NO_ROOM);', PIN.replace('\tstruct store_op op;\n', '')), /op_pin\.h:5: pin: its first member/],
	['an unknown word', 'op_pin.h', pin('STORE_OP(pin, READ, NOBODY, NO_ROOM);'), /op_pin\.h:6: pin: owns is NOBODY/],
	['a room of a read', 'op_pin.h', pin('STORE_OP(pin, READ, NOTHING, ROOM);'), /op_pin\.h:6: pin: only a write has a ROOM/],
	['a room without a number', 'op_pin.h', pin('STORE_OP(pin, WRITE, NOTHING, ROOM);', PIN.replace('room_no', 'no')), /op_pin\.h:6: pin: is ROOM, and has no uint64_t room_no/],
	['a buffer that is not there', 'op_pin.h', pin('STORE_OP(pin, READ, NOTHING, NO_ROOM, text);'), /op_pin\.h:6: pin: has no struct buf text/],
	['nothing that frees what it owns', 'op_pin.h', pin('STORE_OP(pin, READ, OWNS, NO_ROOM);'), /op_pin\.h:6: pin: is OWNS, and has no store_pin_finish/],
	['a noun of two operations', 'op_pin.h', pin('STORE_OP(join, READ, NOTHING, NO_ROOM);', PIN.replace('store_pin', 'store_join')), /op_pin\.h:6: join: has a row in op_member\.h as well/],
	['work that nobody does', 'op_pin.h', pin('STORE_OP(pin, READ, NOTHING, NO_ROOM);'), /op_pin\.h:6: pin: no file of work\/ has a line that begins with "int read_pin\("/],
	['work that is done twice', 'work/read_more.c', () => 'int read_verify(struct store_reader *r, struct store_verify *op)\n', /op_upkeep\.h:\d+: verify: more than one file/],
];

for (const [what, file, change, says] of faults) {
	test(`refused: ${what}`, () => {
		const { status, stderr } = gather(storeWith(file, change), '--list-sources');
		assert.equal(status, 1, stderr);
		assert.match(stderr, /^[^\n]+\n$/, 'one sentence');
		assert.match(stderr, says);
	});
}

test('a further operation is in the table without being listed, and its file is told when the build was configured without it', () => {
	const sources = gather(store, '--list-sources').stdout.trim().split('\n').join(',');
	assert.match(sources, /(^|,)write_event\.c(,|$)/);
	const folder = storeWith('op_pin.h', pin('STORE_OP(pin, WRITE, NOTHING, ROOM, data);'));
	writeFileSync(join(folder, 'work', 'write_pin.c'), 'void pin_look(struct batch *b, struct store_pin *op)\nint pin_write(struct batch *b, struct store_pin *op)\n');
	const outputs = ['--depfile', join(folder, 'd'), join(folder, 'op_table.h'), join(folder, 'ops.h')];
	const early = gather(folder, '--sources', sources, ...outputs);
	assert.equal(early.status, 1);
	assert.match(early.stderr, /work\/write_pin\.c:1: .*run: meson setup --reconfigure/);
	const done = gather(folder, '--sources', `${sources},write_pin.c`, ...outputs);
	assert.equal(done.stderr, '');
	const table = readFileSync(join(folder, 'op_table.h'), 'utf8');
	assert.match(table, /X\(PIN, pin, WRITE, NOTHING, ROOM\)/);
	assert.match(table, /X\(PIN, pin, data\)/);
	assert.match(readFileSync(join(folder, 'ops.h'), 'utf8'), /#include "store\/op_pin\.h"/);
});
