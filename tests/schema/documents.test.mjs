// What the build makes for those who write clients, each looked at by its own tool.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Parser } from '@asyncapi/parser';
import { bundle, pathOf, readText, schemas } from './schemas.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const commands = schemas.filter((name) => /\..*\.request\.json$/.test(name)).map((name) => name.replace('.request.json', ''));
const events = schemas.filter((name) => name.endsWith('.event.json') && name !== 'type.event.json').map((name) => name.replace('.event.json', ''));

// Gives what the compiler says: nothing, when it takes the files.
function compile(...files) {
	const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2023,dom,dom.iterable',
		'--typeRoots', here('none'), '--allowImportingTsExtensions'];
	try {
		return execFileSync(process.execPath, [here('../node_modules/typescript/bin/tsc'), ...options, ...files], { encoding: 'utf8' });
	} catch (error) {
		return error.stdout;
	}
}

test('TypeScript takes protocol.ts and a bot that is written with it', (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'parley-types-'));
	t.after(() => rmSync(folder, { recursive: true }));
	copyFileSync(pathOf('protocol.ts'), join(folder, 'protocol.ts'));
	copyFileSync(here('sample_bot.ts'), join(folder, 'sample_bot.ts'));
	assert.equal(compile(join(folder, 'sample_bot.ts')), '');
});

test("the page's modules keep to the types that their comments tell", () => {
	assert.equal(compile('--allowJs', '--checkJs', here('../../web/src/main.js')), '');
});

test("AsyncAPI's own parser takes asyncapi.yaml", async () => {
	const { document, diagnostics } = await new Parser().parse(readText('asyncapi.yaml'));
	const faults = diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version');
	assert.deepEqual(faults.map(({ path, message }) => `${path.join('/')}: ${message}`), []);
	const operations = document.operations().all();
	assert.deepEqual(operations.filter((operation) => operation.isReceive()).map((operation) => operation.id()).sort(), commands);
	assert.deepEqual(operations.filter((operation) => operation.isSend()).map((operation) => operation.id().replace(/\.event$/, '')).sort(), [...events, 'hello'].sort());
	assert.ok(document.messages().all().every((message) => message.examples().all().length > 0));
});

test('the reference has a section for each command and event, and all of their members', () => {
	const sections = new Map(readText('reference.md').split(/^### /m).slice(1).map((section) => [section.slice(0, section.indexOf('\n')), section]));
	const members = (name) => bundle.$defs[name].properties ?? {};
	for (const command of commands) {
		const section = sections.get(command);
		for (const member of [...Object.keys(members(`${command}.request.json`)), ...Object.keys(members(`${command}.reply.json`))])
			assert.ok(section.includes(`| \`${member}\` |`), `${command}: ${member}`);
		for (const code of bundle.$defs[`${command}.request.json`]['x-parley'].errors)
			assert.ok(section.includes(`\`${code}\``), `${command}: ${code}`);
		assert.match(section, /```json\n\{"type":/);
	}
	for (const event of events) {
		for (const member of Object.keys(members(`${event}.event.json`).data.properties ?? {}))
			assert.ok(sections.get(event).includes(`| \`${member}\` |`), `${event}: ${member}`);
	}
	const text = readText('reference.md');
	for (const [, anchor] of text.matchAll(/\]\(#([\w-]+)\)/g))
		assert.ok(new RegExp(`^#+ ${anchor}$`, 'mi').test(text), anchor);
});

const words = readFileSync(here('../../protocol/PROTOCOL.md'), 'utf8');
const rowsOf = (name) => words.split('\n').filter((line) => line.startsWith(`| [\`${name}\`](schema/`)).map((line) => line.split(' | '));

test("the tables of PROTOCOL.md name members as the schemas do", () => {
	let n = 0;
	for (const command of commands) {
		const { properties, required = [] } = bundle.$defs[`${command}.request.json`];
		for (const [, members] of rowsOf(command)) {
			assert.deepEqual([...members.matchAll(/`([\w?]+)`/g)].map((match) => match[1]), Object.keys(properties).map((name) => required.includes(name) ? name : `${name}?`), command);
			n++;
		}
	}
	for (const event of events) {
		const { properties = {}, required = [] } = bundle.$defs[`${event}.event.json`].properties.data;
		for (const row of rowsOf(event)) {
			for (const name of Object.keys(properties))
				assert.ok(row[1].includes(`\`${name}\``) || row[1].includes(`\`${name}?\``) && !required.includes(name), `${event}: ${name}`);
			n++;
		}
	}
	assert.ok(n > 25);
});

test('PROTOCOL.md tells what may be repeated of the commands in its table', () => {
	const told = words.match(/What else of the table may be repeated when its\s+answer was lost: ([^.]+(?:\.\w[^.]*)*?)\. Any other/)[1];
	const repeated = commands.filter((name) => {
		const { access, on_lost_connection } = bundle.$defs[`${name}.request.json`]['x-parley'];
		return on_lost_connection === 'repeat' && access !== 'operator' && rowsOf(name).length > 0;
	});
	assert.deepEqual([...told.matchAll(/`([\w.]+)`/g)].map((match) => match[1]).sort(), repeated);
});
