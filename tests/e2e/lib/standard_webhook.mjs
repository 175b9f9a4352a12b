// What a receiver checks of a webhook's post, in three ways that know nothing of each other: by hand and strictly, with the package of Standard Webhooks, and with the command line of OpenSSL.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

const keyOf = (secret) => Buffer.from(secret.slice('whsec_'.length), 'base64');
const signedOf = ({ headers, body }) => `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;

// A strict reader: what the package may forgive is refused here. Gives the event.
export function verify(secret, got) {
	const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => got.headers[`webhook-${name}`]);
	assert.match(id, /^[0-9a-f-]{36}$/);
	assert.match(timestamp, /^\d{10}$/);
	assert.match(signatures, /^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)?$/);
	const own = `v1,${createHmac('sha256', keyOf(secret)).update(signedOf(got)).digest('base64')}`;
	assert.ok(signatures.split(' ').includes(own), 'the signature is another one');
	const event = new Webhook(secret).verify(got.body, got.headers);
	assert.equal(event.id, id);
	return event;
}

export async function verifyByOpenssl(secret, got) {
	const child = spawn('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${keyOf(secret).toString('hex')}`, '-binary'], { stdio: ['pipe', 'pipe', 'inherit'] });
	const parts = [];
	child.stdout.on('data', (part) => parts.push(part));
	child.stdin.end(signedOf(got));
	const status = await new Promise((resolve, reject) => { child.on('error', reject).on('close', resolve); });
	assert.equal(status, 0, 'openssl failed');
	assert.ok(got.headers['webhook-signature'].split(' ').includes(`v1,${Buffer.concat(parts).toString('base64')}`), 'openssl finds another signature');
}
