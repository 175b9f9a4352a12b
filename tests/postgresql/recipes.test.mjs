// The commands of OPERATING.md for a restore and for a move, by a shell, with a role that has no rights but to sign in.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { binary, clientBinary } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { Cluster, runProgram } from '../e2e/lib/postgres.mjs';
import { moveRecipe, restoreRecipe } from '../e2e/lib/recipes.mjs';
import { run, serverFor, startServer, temporaryDir } from '../e2e/lib/server.mjs';

const AS_SUPERUSER = ['sudo -u postgres createdb --owner parley', 'createdb --owner app'];

let cluster;
before(async () => {
	cluster = await Cluster.start();
	await cluster.query('CREATE ROLE app LOGIN');
});
after(() => cluster.destroy());

const urlOf = (database) => `postgresql://app@127.0.0.1:${cluster.port}/${database}`;
const onDatabase = (database) => ({ dataDir: temporaryDir(), args: ['--database', urlOf(database)] });

async function shell(text, cwd) {
	const env = { PGHOST: '127.0.0.1', PGPORT: `${cluster.port}`, PGUSER: 'parley', PATH: `${join(binary, '..')}:${process.env.PATH}` };
	const { code, stderr } = await run('sh', ['-ec', text], { cwd, env });
	assert.equal(code, 0, `${text}\n${stderr}`);
}

async function say(server) {
	const { token } = await command(server, 'session.start', { guest: 'Ann' });
	const { id: room } = await command(server, 'room.create', { name: 'general' }, { token });
	await command(server, 'message.send', { room, text: 'before' }, { token });
	return { token, room };
}

async function isThere(server, { token, room }) {
	const { events } = await command(server, 'history.read', { room }, { token });
	assert.equal(events.at(-1).data.text, 'before');
	const verify = await run(clientBinary, ['admin', '--data', server.dataDir, 'verify']);
	assert.equal(verify.code, 0, verify.stderr);
}

test('a dump is restored into a new database, and a server starts on it', async (t) => {
	const folder = temporaryDir();
	await shell('createdb --owner app --encoding UTF8 --template template0 chat', folder);
	const old = await startServer(onDatabase('chat'));
	const said = await say(old);
	await shell('pg_dump --format custom chat > parley.dump', folder);
	await old.stop();
	await shell(restoreRecipe([AS_SUPERUSER, ['sudo -u postgres pg_restore --no-owner --role parley', 'pg_restore --no-owner --role app']]), folder);
	await isThere(await serverFor(t, onDatabase('parley-new')), said);
});

test('a store is moved from a file, and a server starts on it', async (t) => {
	const dataDir = temporaryDir();
	const old = await startServer({ dataDir });
	const said = await say(old);
	const recipe = moveRecipe([AS_SUPERUSER, ['template0 parley ', 'template0 moved '], ['admin --data /var/lib/parley verify', `admin --data ${dataDir} verify`],
		['systemctl stop parleyd', `kill ${old.pid}; while kill -0 ${old.pid} 2>&-; do sleep 0.02; done`], ['sqlite:/var/lib/parley', `sqlite:${dataDir}`],
		['postgresql://parley@db.example/parley', urlOf('moved')]]);
	await shell(recipe.replaceAll(/^parley admin/gm, `${clientBinary} admin`), temporaryDir());
	await isThere(await serverFor(t, onDatabase('moved')), said);
});
