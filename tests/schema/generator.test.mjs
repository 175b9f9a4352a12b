// protocol/generate.py: a schema that contradicts itself fails the build with a sentence that names file and member.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const protocol = fileURLToPath(new URL('../../protocol/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'parley-generate-'));
after(() => rmSync(folder, { recursive: true }));

const generate = (schema, ...options) =>
	spawnSync('python3', [join(protocol, 'generate.py'), '--schema', schema, '--codec', join(protocol, 'codec'), ...options], { encoding: 'utf8' });

// A copy of the schemas in which change() was made to one file; null: it is made from nothing.
function schemasWith(file, change) {
	const schema = join(folder, 'schema');
	rmSync(schema, { recursive: true, force: true });
	cpSync(join(protocol, 'schema'), schema, { recursive: true });
	const path = join(schema, file);
	const document = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
	const text = change(document) ?? document;
	writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
	return schema;
}

const member = (name, schema) => (document) => {
	document.request.properties[name] = schema;
};
const parley = (changes) => (document) => {
	Object.assign(document['x-parley'], changes);
};

// what, the file, the change, what is said
const faults = [
	['no JSON', 'room.get.json', () => '{', /^room\.get\.json: this is not JSON/],
	['a member given twice', 'room.get.json', () => '{"description": "", "description": ""}', /^room\.get\.json: this is not JSON: description is given twice/],
	['a name that is nothing', 'nothing.json', () => ({}), /^nothing\.json: this name is neither/],
	['an unknown key', 'room.get.json', (d) => { d.answer = {}; }, /^room\.get\.json: the file: there is no answer/],
	['an unknown access', 'room.get.json', parley({ access: 'nobody' }), /^room\.get\.json: x-parley: access must be one of anyone, user, member, operator$/],
	['an unknown error', 'room.get.json', parley({ errors: ['not_fund'] }), /^room\.get\.json: x-parley: errors: there is no not_fund$/],
	['a required member that is not described', 'room.get.json', (d) => { d.request.required = ['room', 'nam']; }, /^room\.get\.json: nam: is required, and not described$/],
	['a reference that leads nowhere', 'room.get.json', member('x', { $ref: 'type.rom.json' }), /^room\.get\.json: x: there is no type\.rom\.json$/],
	['a reference in a reply that leads nowhere', 'room.get.json', (d) => { d.reply.properties.room = { $ref: 'type.rom.json' }; }, /^room\.get\.json: room: there is no type\.rom\.json$/],
	['a keyword that is not known', 'room.get.json', member('x', { type: 'string', format: 'uri' }), /^room\.get\.json: x: the decoder does not know format$/],
	['a keyword of another type', 'room.get.json', member('x', { type: 'string', maximum: 3 }), /^room\.get\.json: x: maximum does not go with what this is \(text\)$/],
	['a limit that is none', 'room.get.json', member('x', { type: 'string', 'x-limit': 'txt_bytes' }), /^room\.get\.json: x: there is no limit txt_bytes$/],
	['two bounds', 'room.get.json', member('x', { type: 'string', maxLength: 3, 'x-limit': 'text_bytes' }), /^room\.get\.json: x: maxLength and x-limit/],
	['a text of no length', 'room.get.json', member('x', { type: 'string', maxLength: 0 }), /^room\.get\.json: x: maxLength: 0 is no limit/],
	['a number without end', 'room.get.json', member('x', { type: 'integer' }), /^room\.get\.json: x: needs maximum/],
	['a list without end', 'room.get.json', member('x', { type: 'array', items: { type: 'string' } }), /^room\.get\.json: x: needs maxItems/],
	['a range without numbers', 'room.get.json', member('x', { type: 'integer', minimum: 5, maximum: 4 }), /^room\.get\.json: x: nothing lies between 5 and 4$/],
	['a default out of range', 'room.get.json', member('x', { type: 'integer', maximum: 4, default: 5 }), /^room\.get\.json: x: default: 5 is none of the values/],
	['a default that is no choice', 'room.create.json', (d) => { d.request.properties.kind.default = 'secret'; }, /^room\.create\.json: kind: default: 'secret' is none/],
	['a default of what is required', 'room.get.json', (d) => { d.request.properties.room.default = 'x'; }, /^room\.get\.json: room: default: what is required has none$/],
	['a choice of one', 'room.get.json', member('x', { type: 'string', enum: ['a'] }), /^room\.get\.json: x: enum: needs two/],
	['a list of objects', 'room.get.json', member('x', { type: 'array', maxItems: 2, items: { type: 'object' } }), /^room\.get\.json: x: type object cannot be decoded/],
	['a name that C keeps', 'room.get.json', member('default', { type: 'string' }), /^room\.get\.json: default: cannot be the name/],
	['members only, without a room', 'room.list.json', parley({ access: 'member' }), /^room\.list\.json: room: access is member/],
	['a room that is not first', 'room.get.json', (d) => { d.request.properties = { x: { type: 'boolean' }, ...d.request.properties }; }, /^room\.get\.json: room: has to be the first/],
	['repeating by an id that is not there', 'room.get.json', parley({ on_lost_connection: 'repeat_with_client_id' }), /^room\.get\.json: client_id: on_lost_connection/],
	['a rule about a member that is not there', 'room.update.json', (d) => { d.request['x-together'][0].members.push('nme'); }, /^room\.update\.json: x-together: there is no member nme$/],
	['a command without an example', 'room.get.json', (d) => { delete d.examples.reply; }, /^room\.get\.json: examples: there is no reply$/],
	['an example of another command', 'room.get.json', (d) => { d.examples.request.type = 'room.got'; }, /^room\.get\.json: examples: request: the type must be room\.get$/],
	['a stored number given twice', 'room.updated.event.json', parley({ number: 1 }), /^room\.updated\.event\.json: x-parley: number 1 is that of room\.created$/],
	['a number that the server keeps for itself', 'room.updated.event.json', parley({ number: 99 }), /^room\.updated\.event\.json: x-parley: number 99 is that of the notices/],
	['a remembered event of nobody', 'room.updated.event.json', parley({ to: 'account' }), /^room\.updated\.event\.json: x-parley: numbers below 100/],
	['a server-wide event that is not remembered', 'typing.event.json', parley({ to: 'server' }), /^typing\.event\.json: x-parley: server-wide events are remembered/],
	['an error code that the codec does not have', 'error.json', (d) => { d.properties.data.properties.code.enum.push('strange'); }, /^error\.json: code: strange is in one of/],
	['a limit that hello does not tell', 'hello.json', (d) => { delete d.properties.data.properties.limits.properties.text_bytes; }, /^hello\.json: limits: text_bytes is in one of/],
];

for (const [what, file, change, says] of faults) {
	test(`refused: ${what}`, () => {
		const done = generate(schemasWith(file, change), join(folder, 'commands.h'));
		assert.equal(done.status, 1, done.stderr);
		assert.match(done.stderr, /^generate\.py: [^\n]*\n$/, 'one sentence');
		assert.match(done.stderr.slice('generate.py: '.length).trimEnd(), says);
	});
}

test('the same schemas give the same bytes, and what stays the same keeps its time', () => {
	const outputs = ['commands.h', 'events.h', 'request_tables.c', 'schema.json', 'protocol.ts', 'reference.md', 'asyncapi.yaml'].map((name) => join(folder, name));
	const schema = join(protocol, 'schema');
	assert.equal(generate(schema, ...outputs).stderr, '');
	const before = outputs.map((path) => [readFileSync(path, 'utf8'), statSync(path).mtimeMs]);
	assert.equal(generate(schema, ...outputs).stderr, '');
	assert.deepEqual(outputs.map((path) => [readFileSync(path, 'utf8'), statSync(path).mtimeMs]), before);
});

test('a command that came after the build was configured is told', () => {
	const schema = schemasWith('room.fade.json', () => JSON.parse(readFileSync(join(protocol, 'schema/room.get.json'), 'utf8').replaceAll('room.get', 'room.fade')));
	const names = generate(join(protocol, 'schema'), '--list-commands').stdout.trim();
	const done = generate(schema, '--commands', names, join(folder, 'commands.h'));
	assert.equal(done.status, 1);
	assert.match(done.stderr, /^generate\.py: room\.fade: the commands are others than when the build was configured; run: meson setup --reconfigure/);
});

test('each command has one handler', () => {
	const command = join(folder, 'command');
	const handlers = generate(join(protocol, 'schema'), '--list-handlers', fileURLToPath(new URL('../../server/command', import.meta.url)));
	assert.equal(handlers.stderr, '');
	const files = handlers.stdout.trim().split('\n');
	assert.ok(files.includes('message/handle_message_send.c'));
	for (const file of files.slice(1)) {
		mkdirSync(join(command, file, '..'), { recursive: true });
		writeFileSync(join(command, file), '');
	}
	const done = generate(join(protocol, 'schema'), '--list-handlers', command);
	assert.equal(done.status, 1);
	assert.match(done.stderr, /^generate\.py: account\.create\.json: no command\/\*\/handle_account_create\.c handles this command\n$/);
});
