// Tools as Debian has them post into a room, unmodified: Alertmanager, Apprise, curl. What people read of it is what is asserted.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import test, { after, before } from 'node:test';
import { makeCertificate } from '../e2e/lib/certificate.mjs';
import { fresh } from '../e2e/lib/client.mjs';
import { command, request } from '../e2e/lib/http.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until, within } from '../e2e/lib/wait.mjs';

let server;
let token;
before(async () => {
	server = await startServer();
	({ token } = await command(server, 'account.create', { name: fresh('Owner'), password: 'correct horse battery' }));
});
after(() => server.stop());

// A room with a hook. messages(): what it posted.
async function hooked(options = {}) {
	const room = await command(server, 'room.create', { name: fresh('tools') }, { token });
	const { url } = await command(server, 'hook.create', { room: room.id, name: 'Tools', ...options }, { token });
	const messages = async () => {
		const { events } = await command(server, 'history.read', { room: room.id, limit: 200 }, { token });
		return events.filter(({ type }) => type === 'message.created').map(({ data }) => ({ as: data.as, text: data.text }));
	};
	return { path: url, url: server.url + url, messages };
}

const run = (program, args, { input = '', env = {} } = {}) => within(60000, program, new Promise((resolve) => {
	const child = execFile(program, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => resolve({ status: error ? error.code : 0, stdout, stderr }));
	child.stdin.on('error', () => {}).end(input);
}));

// ---- Alertmanager ----

// The one of Debian on a port of its own, for one test: {url}.
async function alertmanager(t, receiver) {
	const dir = temporaryDir();
	const config = join(dir, 'alertmanager.json'); // JSON is YAML
	writeFileSync(config, JSON.stringify({
		route: { receiver: 'room', group_by: ['alertname'], group_wait: '0s', group_interval: '1s', repeat_interval: '4h' },
		receivers: [{ name: 'room', ...receiver }],
	}));
	const child = spawn('prometheus-alertmanager', [`--config.file=${config}`, `--storage.path=${dir}`, '--web.listen-address=127.0.0.1:0', '--web.external-url=http://alerts.example',
		'--cluster.listen-address='], { stdio: ['ignore', 'ignore', 'pipe'] });
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text) => {
		said += text;
	});
	const ended = new Promise((resolve) => {
		child.on('error', resolve).on('close', resolve);
	});
	t.after(async () => {
		child.kill('SIGKILL');
		await ended;
	});
	const port = await until(30000, 'Alertmanager to listen', () => {
		assert.equal(child.exitCode, null, said);
		return /Listening on.*127\.0\.0\.1:(\d+)/.exec(said)?.[1];
	});
	return { url: `http://127.0.0.1:${port}`, said: () => said };
}

async function alert(manager, more = {}) {
	const body = JSON.stringify([{ labels: { alertname: 'DiskFull', instance: 'web1', severity: 'critical' }, annotations: { summary: 'Disk of *web1* is at 97 % & <rising>' }, ...more }]);
	const { status, text } = await request(manager, 'POST', '/api/v2/alerts', { body, headers: { 'Content-Type': 'application/json' } });
	assert.equal(status, 200, text);
}

// What it posts for an alert that fires and is resolved.
async function fireAndResolve(t, receiver, messages) {
	const manager = await alertmanager(t, receiver);
	const startsAt = new Date(Date.now() - 60000).toISOString();
	await alert(manager, { startsAt });
	await until(60000, 'the message of the alert', async () => (await messages()).length >= 1);
	await alert(manager, { startsAt, endsAt: new Date(Date.now() - 1000).toISOString() });
	await until(60000, 'the message that it is resolved', async () => (await messages()).length >= 2);
	assert.doesNotMatch(manager.said(), /level="?(warn|error)/i, 'our answers are not what it wants');
	return messages();
}

test('Alertmanager posts as to Slack: an alert that fires, and that it is resolved', async (t) => {
	const { url, messages } = await hooked();
	const slack = { api_url: url, channel: '#ignored', send_resolved: true, text: '{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}' };
	const about = (state) => ({
		as: { name: 'Alertmanager' },
		text: `**[${state}] DiskFull (web1 critical)** (http://alerts.example/#/alerts?receiver=room)\nDisk of **web1** is at 97 % & <rising>`,
	});
	assert.deepEqual(await fireAndResolve(t, { slack_configs: [slack] }, messages), [about('FIRING:1'), about('RESOLVED')]);
});

test('Alertmanager posts as it does to any webhook', async (t) => {
	const { url, messages } = await hooked();
	const posted = await fireAndResolve(t, { webhook_configs: [{ url: `${url}/alertmanager`, send_resolved: true }] }, messages);
	const about = (state) => ({ as: undefined, text: `**1 ${state}: DiskFull**\n• ${state}: Disk of ∗web1∗ is at 97 % & <rising> (instance=web1, severity=critical)` });
	assert.deepEqual(posted, [about('firing'), about('resolved')]);
});

// ---- Apprise ----

// What stands where hooks.slack.com and discord.com are, for a client that goes through a proxy: it ends their TLS with a certificate that the client is told to trust,
// and hands each request to the hook, with what `translate` makes of its path. Gives the environment of the client, and the replies that it got.
async function inPlaceOf(t, host, translate) {
	const dir = temporaryDir();
	const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
	makeCertificate(host, certFile, keyFile, { alternatives: `DNS:${host}` });
	const replies = [];
	const service = createServer((from, to) => {
		const chunks = [];
		from.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
			const { host: _, connection: __, ...headers } = from.headers;
			const reply = await request(server, from.method, translate(from.url), { body: Buffer.concat(chunks), headers });
			replies.push([from.headers.host, reply.status, reply.text]);
			to.writeHead(reply.status, { 'Content-Type': reply.headers['content-type'] }).end(reply.text);
		});
	});
	const proxy = createServer().on('connect', (asked, socket) => {
		socket.on('error', () => {});
		if (asked.url !== `${host}:443`) {
			socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
			return;
		}
		socket.write('HTTP/1.1 200 OK\r\n\r\n');
		service.emit('connection', new TLSSocket(socket, { isServer: true, cert: readFileSync(certFile), key: readFileSync(keyFile) }).on('error', () => {}));
	});
	await new Promise((resolve) => {
		proxy.listen(0, '127.0.0.1', resolve);
	});
	t.after(() => {
		proxy.close();
		proxy.closeAllConnections();
	});
	const address = `http://127.0.0.1:${proxy.address().port}`;
	return { env: { HTTPS_PROXY: address, https_proxy: address, NO_PROXY: '', no_proxy: '', REQUESTS_CA_BUNDLE: certFile, HOME: dir }, replies };
}

const TITLE = 'Nightly *backup* done';
const BODY = '12 GB in <5 min> & no errors\nhttps://backup.example/log?a=1&b=2';
const apprise = (env, address) => run('apprise', ['-vv', '-t', TITLE, '-b', BODY, address], { env });

test('Apprise posts through its service of Slack', async (t) => {
	const { path, messages } = await hooked();
	const { env, replies } = await inPlaceOf(t, 'hooks.slack.com', () => path);
	// Debian 12's (1.2.0) ends with a failure whatever Slack answers: it wants JSON, and a webhook of Slack's answers `ok`. So its status tells nothing.
	const tool = await apprise(env, 'slack://Backups@T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7/?image=no');
	assert.deepEqual(replies, [['hooks.slack.com', 200, 'ok']], `${tool.stdout} ${tool.stderr}`);
	assert.deepEqual(await messages(), [{ as: { name: 'Backups' }, text: `**Nightly ∗backup∗ done**\n${BODY}\nApprise` }]);
});

test('Apprise posts through its service of Discord', async (t) => {
	const { path, messages } = await hooked();
	const { env, replies } = await inPlaceOf(t, 'discord.com', () => `${path}/discord`);
	const tool = await apprise(env, `discord://Backups@${'1'.repeat(24)}/${'a'.repeat(64)}/?avatar=no`);
	assert.deepEqual([tool.status, replies], [0, [['discord.com', 200, 'ok']]], `${tool.stdout} ${tool.stderr}`);
	assert.deepEqual(await messages(), [{ as: { name: 'Backups' }, text: `${TITLE}\n${BODY}` }]);
});

test('Apprise posts its JSON, which a template reads', async () => {
	const { path, messages } = await hooked({ template: '{type}: {title}: {message}' });
	const tool = await apprise({ HOME: temporaryDir() }, `${server.url.replace('http:', 'json:')}${path}/`);
	assert.equal(tool.status, 0, `${tool.stdout} ${tool.stderr}`);
	assert.deepEqual(await messages(), [{ as: undefined, text: `info: ${TITLE}: ${BODY}` }]);
});

// ---- curl ----

test('curl posts a form, a multipart body and JSON', async () => {
	const { url, messages } = await hooked();
	const file = join(temporaryDir(), 'payload.json');
	const payload = (text) => JSON.stringify({ text });
	writeFileSync(file, payload('from a file'));
	for (const args of [
		['-d', payload('by -d')],
		['--data-urlencode', `payload=${payload('100 % & more, in a form')}`],
		['--data-urlencode', `payload@${file}`],
		['-F', `payload=${payload('in multipart')}`],
		['-F', `payload=<${file}`],
		['-F', `payload=@${file};type=application/json`],
		['--json', payload('by --json')],
		['-H', 'Content-Type:', '--data-binary', `@${file}`],
	]) {
		assert.deepEqual(await run('curl', ['-sS', '-w', ' %{http_code}', ...args, url]), { status: 0, stdout: 'ok 200', stderr: '' }, args.join(' '));
	}
	// A body past a million bytes is sent after 100 Continue.
	writeFileSync(file, JSON.stringify({ text: 'long', more: 'x'.repeat(1040000) }));
	assert.deepEqual(await run('curl', ['-sS', '-w', ' %{http_code}', '--json', `@${file}`, url]), { status: 0, stdout: 'ok 200', stderr: '' });
	assert.deepEqual((await messages()).map(({ text }) => text),
		['by -d', '100 % & more, in a form', 'from a file', 'in multipart', 'from a file', 'from a file', 'by --json', 'from a file', 'long']);
});
