// The receivers of WEBHOOKS.md, as they stand there, take what is signed and nothing else.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Webhook } from 'standardwebhooks';
import { projectDir } from './lib/env.mjs';
import { temporaryDir } from './lib/server.mjs';
import { freePort } from './lib/tcp.mjs';
import { until } from './lib/wait.mjs';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const body = JSON.stringify({ type: 'message.created', data: { text: 'Grüße 🌍' } });

const blocks = [...readFileSync(join(projectDir, 'protocol', 'WEBHOOKS.md'), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
const receiverIn = (language) => blocks.find((block) => block.language === language && block.text.includes('SECRET')).text;

const headersAt = (date, { secret = SECRET, of = body } = {}) => {
	const id = 'c3f1a9de-7b64-4e25-8f0a-00000000002a';
	return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(date / 1000)), 'webhook-signature': new Webhook(secret).sign(id, new Date(date), of) };
};

// What is sent, and whether it is taken. ask gives a status.
async function takesWhatIsSigned(ask) {
	const now = Date.now();
	const both = { ...headersAt(now), 'webhook-signature': `${headersAt(now, { secret: OTHER })['webhook-signature']} ${headersAt(now)['webhook-signature']}` };
	assert.equal(await ask(headersAt(now), body), 204);
	assert.equal(await ask(both, body), 204, 'while a secret is changed');
	assert.equal(await ask(headersAt(now, { secret: OTHER }), body), 401);
	assert.equal(await ask(headersAt(now), body.replace('Grüße', 'Grüsse')), 401);
	assert.equal(await ask(headersAt(now - 400_000), body), 401, 'too old');
	assert.equal(await ask(headersAt(now + 400_000), body), 401, 'from the future');
	assert.equal(await ask({ ...headersAt(now), 'webhook-id': 'another' }, body), 401);
	assert.equal(await ask({}, body), 401, 'unsigned');
}

for (const [language, command, file] of [['python', 'python3', 'receive.py'], ['js', process.execPath, 'receive.mjs']]) {
	test(`the receiver in ${language} takes what is signed`, async (t) => {
		const path = join(temporaryDir(), file);
		writeFileSync(path, receiverIn(language));
		const port = await freePort();
		const child = spawn(command, [path], { env: { ...process.env, PORT: String(port), SECRET }, stdio: ['ignore', 'pipe', 'inherit'] });
		t.after(() => child.kill('SIGKILL'));
		let said = '';
		child.stdout.setEncoding('utf8').on('data', (text) => {
			said += text;
		});
		const ask = async (headers, text) => (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: text })).status;
		await until(30000, 'the receiver', () => ask({}, body).then(() => true, () => false));
		await takesWhatIsSigned(ask);
		await until(30000, 'two events', () => said.split('message.created').length === 3);
	});
}

test('the receiver in shell takes what is signed', async () => {
	const dir = temporaryDir();
	const script = join(dir, 'receive.cgi');
	writeFileSync(script, receiverIn('sh'));
	const ask = (headers, text) => {
		const env = { ...process.env, SECRET, ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, value])) };
		const { stdout, status, stderr } = spawnSync('sh', [script], { cwd: dir, env, input: text, encoding: 'utf8' });
		assert.equal(stderr, '');
		assert.equal(status, 0);
		return Number(/^Status: (\d+)/.exec(stdout)?.[1]);
	};
	await takesWhatIsSigned(ask);
	assert.equal(readFileSync(join(dir, 'events.jsonl'), 'utf8'), body.repeat(2));
});
