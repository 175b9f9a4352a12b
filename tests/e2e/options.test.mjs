import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { get, post } from './lib/http.mjs';
import { runServer, serverFor, startServer, temporaryDir } from './lib/server.mjs';

function configFile(text) {
	const path = join(temporaryDir(), 'parley.conf');
	writeFileSync(path, text);
	return path;
}

async function heartbeatOf(t, options) {
	const server = await serverFor(t, options);
	const client = await Client.connect(server);
	await client.close();
	return client.hello.heartbeat_ms;
}

test('a flag weighs more than the environment, that more than the config file, that more than the default', async (t) => {
	const config = configFile('heartbeat-ms = 3000\n');
	const env = { PARLEY_HEARTBEAT_MS: '2000' };
	assert.equal(await heartbeatOf(t, {}), 25000);
	assert.equal(await heartbeatOf(t, { args: ['--config', config] }), 3000);
	assert.equal(await heartbeatOf(t, { args: ['--config', config], env }), 2000);
	assert.equal(await heartbeatOf(t, { args: ['--config', config, '--heartbeat-ms', '1000'], env }), 1000);
	assert.equal(await heartbeatOf(t, { env: { PARLEY_CONFIG: config } }), 3000);
});

test('a config file has comments, blank lines and any spacing', async (t) => {
	const config = configFile('# a comment\n\n  heartbeat-ms=4000  \n\tguests =   off\n');
	const server = await serverFor(t, { args: ['--config', config] });
	const client = await Client.connect(server);
	await client.close();
	assert.equal(client.hello.heartbeat_ms, 4000);
	assert.equal(client.hello.guests, false);
});

test('--x=v and --x v are the same', async (t) => {
	assert.equal(await heartbeatOf(t, { args: ['--heartbeat-ms=1500'] }), 1500);
	assert.equal(await heartbeatOf(t, { args: ['--heartbeat-ms', '1500'] }), 1500);
});

test('several addresses are listened on, one line each', async (t) => {
	const server = await serverFor(t, { listen: ['127.0.0.1:0', '127.0.0.1:0'] });
	assert.equal(server.addresses.length, 2);
	assert.notEqual(server.addresses[0], server.addresses[1]);
	for (const url of server.addresses) {
		assert.equal((await get({ url }, '/healthz')).status, 200);
	}
	assert.match(server.stdout, /^(parleyd: listening on \S+\n){2}parleyd: nobody owns this server yet; [^\n]*\n$/);
});

test('an IPv6 address is listened on', async (t) => {
	const server = await startServer({ listen: ['[::1]:0'] }).catch((error) => {
		if (/address family|cannot assign|not available/i.test(error.message)) {
			return undefined;
		}
		throw error;
	});
	if (!server) {
		t.diagnostic('this machine has no IPv6');
		return;
	}
	t.after(() => server.stop());
	assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
});

const usage = [
	[['--no-such-option', '1'], /--no-such-option/],
	[['--heartbeat-ms', 'soon'], /heartbeat-ms/],
	[['--heartbeat-ms', '-1'], /heartbeat-ms/],
	[['--heartbeat-ms'], /heartbeat-ms/],
	[['--heartbeat-ms='], /heartbeat-ms/],
	[['--listen', 'nowhere'], /listen/],
	[['--listen', '127.0.0.1:99999'], /listen/],
	[['--guests', 'maybe'], /guests/],
	[['--accounts', 'off'], /accounts/],
	[['--log-format', 'xml'], /log-format/],
	[['--log-level', 'loud'], /log-level/],
	[['--limit-text-bytes', '1e9'], /limit-text-bytes/],
	[['--limit-text-bytes', '99999999999999999999'], /limit-text-bytes/],
	[['--limit-nothing', '1'], /limit-nothing/],
	[['--origin', 'not an origin'], /origin/],
	[['--trusted-proxy', '300.0.0.1'], /trusted-proxy/],
	[['--config', '/no/such/file'], /\/no\/such\/file/],
	[['--tls-cert', '/x'], /tls/],
	[['--proxy-protocol', 'on'], /--trusted-proxy/],
	[['surprise'], /surprise/],
];
for (const [args, names] of usage) {
	test(`${args.join(' ')} is a usage error: exit 2, and the message names it`, async () => {
		const { code, stderr, stdout } = await runServer(args);
		assert.equal(code, 2, stderr);
		assert.match(stderr, names);
		assert.equal(stdout, '');
	});
}

test('a bad value in the environment or the config file is named with its place', async () => {
	const byEnv = await runServer(['--listen', '127.0.0.1:0'], { env: { PARLEY_HEARTBEAT_MS: 'x' } });
	assert.equal(byEnv.code, 2);
	assert.match(byEnv.stderr, /PARLEY_HEARTBEAT_MS/);
	const config = configFile('guests = on\n\nheartbeat-ms = x\n');
	const byFile = await runServer(['--config', config]);
	assert.equal(byFile.code, 2);
	assert.match(byFile.stderr, /heartbeat-ms/);
	assert.match(byFile.stderr, /3/, 'the line');
	const unknown = await runServer(['--config', configFile('colour = red\n')]);
	assert.equal(unknown.code, 2);
	assert.match(unknown.stderr, /colour/);
});

test('--help tells every option and ends with 0', async () => {
	const { code, stdout, stderr } = await runServer(['--help']);
	assert.equal(code, 0);
	assert.equal(stderr, '');
	for (const option of ['listen', 'data', 'guests', 'accounts', 'tls-cert', 'tls-key', 'origin', 'trusted-proxy', 'proxy-protocol', 'log-format', 'log-level', 'config', 'web-dir', 'drain-ms',
		'heartbeat-ms', 'version', 'help']) {
		assert.ok(stdout.includes(`--${option}`), option);
	}
});

test('--version tells the version that hello tells', async (t) => {
	const { code, stdout } = await runServer(['--version']);
	assert.equal(code, 0);
	const version = /\d+\.\d+\.\d+/.exec(stdout)[0];
	const server = await serverFor(t, {});
	const client = await Client.connect(server);
	await client.close();
	assert.equal(client.hello.server, `parley/${version}`);
});

test('a server that cannot start says why in one line and ends with 1', async (t) => {
	const first = await serverFor(t, {});
	const taken = await runServer(['--listen', `127.0.0.1:${first.port}`, '--data', temporaryDir()]);
	assert.equal(taken.code, 1, taken.stderr);
	assert.match(taken.stderr, new RegExp(`${first.port}.*another program.*--listen`));
	const inUse = await runServer(['--listen', '127.0.0.1:0', '--data', first.dataDir]);
	assert.equal(inUse.code, 1, inUse.stderr);
	assert.match(inUse.stderr, /in use|another|running|locked/i);
	const file = configFile('x');
	const noDir = await runServer(['--listen', '127.0.0.1:0', '--data', join(file, 'below')]);
	assert.equal(noDir.code, 1, noDir.stderr);
	assert.ok(noDir.stderr.includes(file));
	const noCert = await runServer(['--listen', '127.0.0.1:0', '--data', temporaryDir(), '--tls-cert', '/no/cert.pem', '--tls-key', '/no/key.pem']);
	assert.equal(noCert.code, 1, noCert.stderr);
	assert.match(noCert.stderr, /\/no\/(cert|key)\.pem/);
	const noPage = await runServer(['--listen', '127.0.0.1:0', '--data', temporaryDir(), '--web-dir', '/no/page']);
	assert.equal(noPage.code, 1, noPage.stderr);
	assert.match(noPage.stderr, /--web-dir \/no\/page: No such file or directory/);
	const client = await Client.connect(first);
	await client.close(); // the first one was not disturbed
});

test('SIGINT ends it as well as SIGTERM', async () => {
	const server = await startServer();
	server.signal('SIGINT');
	await server.waitExit();
	assert.deepEqual(server.exit, { code: 0, signal: null });
	server.assertNoReport();
});

test('behind a trusted proxy the client\'s address is the forwarded one, from others it is not believed', async (t) => {
	for (const [args, wanted] of [[['--trusted-proxy', '127.0.0.0/8'], 200], [[], 429]]) {
		const server = await serverFor(t, { args: ['--limit-address-accounts', '1', ...args], relaxed: false });
		const statuses = [];
		for (let i = 1; i <= 3; i++) {
			statuses.push((await post(server, 'session.start', { guest: `Guest ${i}` }, { headers: { 'X-Forwarded-For': `192.0.2.${i}` } })).status);
		}
		assert.equal(statuses.at(-1), wanted, `${args}: ${statuses}`);
	}
});

test('a start that fails leaves no directory behind that it made, and none of what was there is touched', async (t) => {
	const first = await serverFor(t, {});
	const parent = temporaryDir();
	const busy = ['--listen', `127.0.0.1:${first.port}`];
	const noCertificate = ['--listen', '127.0.0.1:0', '--tls-cert', '/no/cert.pem', '--tls-key', '/no/key.pem'];
	for (const args of [busy, noCertificate, ['--listen', '127.0.0.1:0', '--web-dir', '/no/page'], ['--heartbeat-ms', 'x']]) {
		for (const dir of ['new', 'new/', 'new//below/it', './new']) {
			const { code, stderr } = await runServer([...args, '--data', join(parent, dir).replace('below', dir.includes('//') ? '/below' : 'below')]);
			assert.ok(code === 1 || code === 2, stderr);
			assert.deepEqual(readdirSync(parent), [], `${args} ${dir}`);
		}
	}
	mkdirSync(join(parent, 'kept'));
	assert.equal((await runServer([...busy, '--data', join(parent, 'kept')])).code, 1);
	assert.equal((await runServer([...busy, '--data', join(parent, 'kept', 'new')])).code, 1);
	assert.ok(existsSync(join(parent, 'kept')) && !existsSync(join(parent, 'kept', 'new')));
	const again = await runServer([...busy, '--data', first.dataDir]);
	assert.equal(again.code, 1);
	assert.ok(existsSync(join(first.dataDir, 'parley.db')), 'that of a running server stays');
	const stopped = await startServer();
	await stopped.stop();
	assert.equal((await runServer([...busy, '--data', stopped.dataDir])).code, 1);
	assert.ok(existsSync(join(stopped.dataDir, 'parley.db')), 'that of a stopped one too');
});

test('options that contradict each other, and what would silently be something else, are refused by name', async () => {
	for (const [args, env, says] of [
		[['--limit-text-bytes', '60000'], {}, /--limit-text-bytes 60000 needs a --limit-frame-bytes of at least 180384, which is 65536 by default/],
		[['--heartbeat-ms', '60000', '--limit-idle-ms', '3000'], {}, /--heartbeat-ms 60000 needs a --limit-idle-ms of at least 135000, which is 3000/],
		[[], { PARLEY_GUEST: 'off' }, /PARLEY_GUEST: there is no such option/],
		[[], { PARLEY_DATA: '"/srv/x"' }, /PARLEY_DATA: "\/srv\/x" is in quotes/],
		[['--data', '~/parley'], {}, /--data: "~\/parley" is not a path that is written out/],
		[['--trusted-proxy', '10.1.2.3/8'], {}, /--trusted-proxy: "10.1.2.3\/8" is not/],
		[['--config', configFile('guests = off\nguests = on\n')], {}, /:2: guests is given twice, first on line 1/],
		[['--config', configFile('guests = off # for now\n')], {}, /:1: guests: off # for now has a # behind it/],
		[['--config', configFile(Buffer.from('\ufeffguests = off\n', 'utf16le'))], {}, /saved as UTF-16/],
	]) {
		const { code, stderr } = await runServer(args, { env });
		assert.equal(code, 2, stderr);
		assert.match(stderr, says);
	}
});

test('what belongs to the client or to Kubernetes is no option, and no fault', async (t) => {
	await serverFor(t, { env: { PARLEY_TOKEN: 'x', PARLEY_SERVER: 'http://127.0.0.1:1', PARLEY_SERVICE_HOST: '10.0.0.1', PARLEY_PORT: 'tcp://10.0.0.1:80', PARLEY_PORT_80_TCP: 'tcp://10.0.0.1:80' } });
});

test('a config file that begins with a byte-order mark is read like any other', async (t) => {
	assert.equal(await heartbeatOf(t, { args: ['--config', configFile('\ufeffheartbeat-ms = 4000\r\n')] }), 4000);
});

test('a frame or a body that begins with a byte-order mark is refused by that name', async (t) => {
	const server = await serverFor(t, {});
	const { json } = await post(server, 'session.start', {}, { body: '\ufeff{"guest":"Marked"}' });
	assert.equal(json.data.code, 'invalid_json');
	assert.match(json.data.message, /^the body begins with a byte-order mark/);
	const client = await Client.connect(server);
	client.send('\ufeff{"type":"room.list","ref":1}');
	const error = await client.waitFor('a refusal', () => client.messages.find(({ type }) => type === 'error'));
	assert.match(error.data.message, /^the frame begins with a byte-order mark/);
	await client.close();
});

test('a host with an underscore is an origin', async (t) => {
	const server = await serverFor(t, { args: ['--origin', 'http://my_host:8080'] });
	const ask = (origin) => post(server, 'session.start', { guest: 'From there' }, { origin, headers: { Host: origin.slice('http://'.length) } });
	assert.equal((await ask('http://my_host:8080')).status, 200);
	assert.equal((await ask('http://other_host:8080')).status, 403);
});

test('a database elsewhere is refused in one sentence, without its password, and nothing is left behind', async () => {
	const dir = join(temporaryDir(), 'data');
	const file = join(temporaryDir(), 'password');
	writeFileSync(file, 'a secret\nand more\n', { mode: 0o600 });
	const start = (...args) => runServer(['--listen', '127.0.0.1:0', '--data', dir, ...args]);
	const shown = await start('--database', 'postgresql://parley:hidden@db.invalid/parley');
	assert.equal(shown.code, 1);
	assert.match(shown.stderr, /warn database\.password_shows .*ps/);
	assert.match(shown.stderr, /parleyd: --database: [^\n]*\n$/);
	assert.doesNotMatch(shown.stderr, /hidden/);
	const silent = await start('--database', 'host=db.invalid dbname=parley', '--database-password-file', file);
	assert.equal(silent.code, 1);
	assert.doesNotMatch(silent.stderr, /password_shows|secret/);
	assert.equal(existsSync(dir), false);
	writeFileSync(file, '\n');
	for (const [path, why] of [[`${file}.missing`, /cannot be read: No such file/], [file, /its first line is empty/]]) {
		const { code, stderr } = await start('--database', 'service=parley', '--database-password-file', path);
		assert.equal(code, 1);
		assert.match(stderr, why);
	}
	const wrong = await start('--database', 'mysql://parley:hidden@db.invalid/parley');
	assert.equal(wrong.code, 2);
	assert.match(wrong.stderr, /--database: the value is not the address of a PostgreSQL database/);
	assert.doesNotMatch(wrong.stderr, /hidden/);
});

test('a Redis is for several instances of one database, and its address holds no password', async () => {
	const start = (...args) => runServer(['--listen', '127.0.0.1:0', '--data', join(temporaryDir(), 'data'), ...args]);
	for (const [args, why] of [
		[['--redis', 'redis://127.0.0.1'], /--redis is for several instances of one --database, which is missing/],
		[['--redis', 'redis://parley:hidden@h', '--database', 'dbname=x'], /--redis: the value is not an address without a password: --redis-password-file/],
		[['--redis', 'http://h', '--database', 'dbname=x'], /--redis: the value is not the address of a Redis like/],
		[['--redis-sentinel-name', 'x', '--database', 'dbname=x'], /--redis-sentinel-name is for the servers of --redis, which is missing/],
		[['--redis', 'redis://h', '--redis-ca-file', 'x', '--database', 'dbname=x'], /--redis-ca-file is for TLS, and no --redis begins with rediss/],
	]) {
		const { code, stderr } = await start(...args);
		assert.equal(code, 2, stderr);
		assert.match(stderr, why);
		assert.doesNotMatch(stderr, /hidden/);
	}
});

test('the database file of a directory that another database is used with is left alone', async () => {
	const server = await startServer();
	await server.stop();
	const { stderr } = await runServer(['--listen', '127.0.0.1:0', '--data', server.dataDir, '--database', 'service=parley']);
	assert.match(stderr, /warn database\.file_not_used path="[^"]*parley\.db"/);
	assert.equal(existsSync(join(server.dataDir, 'parley.db')), true);
	const again = await startServer({ dataDir: server.dataDir });
	await again.stop();
});
