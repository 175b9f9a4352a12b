// A new command costs seven places: the sample command of tests/sample/ is laid into a copy of the tree, which has to build and pass the command's own test with
// nothing else changed.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test, { before } from 'node:test';
import { promisify } from 'node:util';
import { projectDir, scaled } from '../e2e/lib/env.mjs';
import { get } from '../e2e/lib/http.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';

const sample = join(projectDir, 'tests', 'sample', 'room.pin_topic');
const tree = temporaryDir();
const build = join(tree, 'build');
const parleyd = join(build, 'server', 'parleyd');

// Each with the files that it may be. What is compiled for one database has a text for each; a store operation is its header and its source, with its SQL in it.
const PLACES = {
	'the command\'s schema': [/^protocol\/schema\/room\.pin_topic\.json$/],
	'the event\'s schema': [/^protocol\/schema\/topic\.pinned\.event\.json$/],
	'the handler': [/^server\/command\/room\/handle_room_pin_topic\.c$/],
	'the store operation': [/^server\/store\/op_topic\.h$/, /^server\/store\/work\/write_topic\.c$/],
	'the migration': [/^server\/store\/migration\/\d{3}_topic\.sqlite\.sql$/, /^server\/store\/migration\/\d{3}_topic\.postgres\.sql$/],
	'the end-to-end test': [/^tests\/e2e\/room_pin_topic\.test\.mjs$/],
	'the web component': [/^web\/src\/component_pinned_topic\.js$/, /^web\/src\/component_pinned_topic\.css$/],
};

const filesBelow = (folder) => readdirSync(folder, { withFileTypes: true })
	.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));

// The sample's files by the path that they get; NNN is the next free number of a migration.
function placedFiles() {
	const numbers = readdirSync(join(projectDir, 'server', 'store', 'migration')).map((name) => Number(/^\d{3}/.exec(name)?.[0] ?? 0));
	const next = String(Math.max(...numbers) + 1).padStart(3, '0');
	return filesBelow(sample).map((from) => [from, relative(sample, from).replace('/NNN_', `/${next}_`)]);
}

async function run(program, ...args) {
	const env = { ...process.env, PARLEYD: parleyd };
	delete env.NODE_TEST_CONTEXT; // a test run within a test says so by its exit code
	delete env.PARLEY;
	try {
		const { stdout } = await promisify(execFile)(program, args, { cwd: tree, env, timeout: scaled(300000), maxBuffer: 64 * 1024 * 1024 });
		return stdout;
	} catch (error) {
		throw new Error(`${program} ${args.join(' ')}\n${error.stdout?.slice(-4000)}\n${error.stderr?.slice(-4000)}`);
	}
}

// What the build and the sample's test read. The build's own folders and what was installed for the tests are left behind.
function copyTree() {
	for (const name of ['meson.build', 'meson_options.txt', 'protocol', 'server', 'web']) {
		cpSync(join(projectDir, name), join(tree, name), { recursive: true });
	}
	mkdirSync(join(tree, 'tests'));
	for (const name of readdirSync(join(projectDir, 'tests'))) {
		const from = join(projectDir, 'tests', name);
		if (name === 'node_modules') {
			symlinkSync(from, join(tree, 'tests', name));
		} else if (name !== 'sample') {
			cpSync(from, join(tree, 'tests', name), { recursive: true });
		}
	}
}

before(async () => {
	copyTree();
	for (const [from, path] of placedFiles()) {
		assert.ok(!existsSync(join(tree, path)), `${path} is a file of the tree: the sample would edit it`);
		mkdirSync(dirname(join(tree, path)), { recursive: true });
		cpSync(from, join(tree, path));
	}
	const hasCache = spawnSync('ccache', ['--version']).status === 0;
	await run('env', `CC=${hasCache ? 'ccache ' : ''}gcc`, 'meson', 'setup', '--buildtype=plain', '-Doptimization=0', '-Dtests=disabled', build, tree);
	await run('ninja', '-C', build, 'server/parleyd');
}, { timeout: scaled(600000) });

test('the sample is exactly the seven places', () => {
	const paths = placedFiles().map(([, path]) => path);
	for (const [place, files] of Object.entries(PLACES)) {
		for (const file of files) {
			assert.equal(paths.filter((path) => file.test(path)).length, 1, `${place}: ${file}`);
		}
	}
	assert.equal(Object.keys(PLACES).length, 7);
	assert.deepEqual(paths.filter((path) => !Object.values(PLACES).flat().some((file) => file.test(path))), []);
});

for (const database of ['sqlite', 'postgresql']) {
	test(`its end-to-end test passes on ${database}`, () => run('env', `TEST_DATABASE=${database}`, process.execPath, '--test', join(tree, 'tests', 'e2e', 'room_pin_topic.test.mjs')));
}

test('what is held against PROTOCOL.md needs no line there', () => run(process.execPath, '--test', '--test-name-pattern=PROTOCOL', join(tree, 'tests', 'schema', 'documents.test.mjs')));

test('the schema, the reference, the types and the page have it', async (t) => {
	const server = await startServer({ binary: parleyd });
	t.after(() => server.stop());
	const text = async (path) => (await get(server, path)).text;
	const schema = await text('/api/v1/schema');
	const [reference, types, page] = [await text('/api/v1/reference.md'), await text('/api/v1/protocol.ts'), await text('/')];
	for (const name of ['room.pin_topic', 'topic.pinned']) {
		assert.ok(schema.includes(`"${name}`), `${name} is not in the schema`);
		assert.ok(reference.includes(name), `${name} is not in the reference`);
		assert.ok(types.includes(`'${name}'`), `${name} is not in protocol.ts`);
	}
	const [script] = /\/main-[0-9a-f]+\.js/.exec(page);
	const [style] = /\/app-[0-9a-f]+\.css/.exec(page);
	assert.match(await text(script), /'topic\.pinned'/);
	assert.match(await text(style), /\.pinned \{/);
	assert.equal(readFileSync(join(projectDir, 'web', 'src', 'app.css'), 'utf8').includes('.pinned'), false);
});
