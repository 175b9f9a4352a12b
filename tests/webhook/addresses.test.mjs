// Which addresses the sender of webhooks dials, where every address would answer: by number, by name, and by names whose answer changes (lib/network.mjs).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scaled } from '../e2e/lib/env.mjs';

// One of each range, and of each way in which an address stands for another.
const REFUSED = ['0.1.2.3', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.8.9.10', '168.63.129.16', '169.254.169.254', '172.16.0.1', '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1',
	'203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::8.8.8.8', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'ff02::1', '2001:db8::1', '2001::1', '2002:7f00:1::1',
	'2002:808:808::1', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', '100::1', '3fff::1', '5f00::1'];
// A network where every address is this machine's, though only loopback's and these are an interface's own.
const OWN = ['9.9.9.9/32', '2620:fe::9/128'];
const SET_UP = ['ip link set lo up', 'ip route add local 0.0.0.0/0 dev lo', 'ip -6 route add local ::/0 dev lo', ...OWN.map((address) => `ip addr add ${address} dev lo`),
	'mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"', 'mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf'];
const INSIDE = fileURLToPath(new URL('lib/network.mjs', import.meta.url));
const OWN_NAMESPACES = fileURLToPath(new URL('lib/own_namespaces.py', import.meta.url));

let told;
const dir = mkdtempSync(join(tmpdir(), 'parley-network-'));
before(async () => {
	writeFileSync(join(dir, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:5 attempts:3\n');
	writeFileSync(join(dir, 'nsswitch.conf'), 'hosts: files dns\n');
	writeFileSync(join(dir, '.netrc'), 'default login ann password secret\n', { mode: 0o600 });
	writeFileSync(join(dir, '.curlrc'), 'proxy = "http://127.0.0.1:8080"\nuser = "ann:secret"\n');
	const script = `${SET_UP.join(' && ')} && exec "$2" "$3" "$4" "$1"`;
	const { stdout } = await promisify(execFile)('python3', [OWN_NAMESPACES, 'sh', '-c', script, 'sh', dir, process.execPath, INSIDE, JSON.stringify(REFUSED)],
		{ timeout: scaled(120000), env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
	told = JSON.parse(stdout);
});
after(() => rmSync(dir, { recursive: true }));

const REFUSAL = ['address_refused', 0];

test('no address of a special range is dialled, as a number or behind a name', () => {
	for (const group of ['refused', 'named']) {
		assert.equal(Object.keys(told[group]).length, REFUSED.length);
		for (const [url, outcome] of Object.entries(told[group])) {
			assert.deepEqual(outcome, REFUSAL, url);
		}
	}
});

test('this machine is not dialled, however it is spelt', () => {
	assert.equal(Object.keys(told.spelt).length, 15);
	for (const [url, outcome] of Object.entries(told.spelt)) {
		assert.deepEqual(outcome, REFUSAL, url);
	}
});

test('public addresses are, and of several of a name those that may be', () => {
	assert.deepEqual(told.public, {
		'http://8.8.8.8/': ['answered', 200, '8.8.8.8:80'],
		'http://0x08080808:8080/': ['answered', 200, '8.8.8.8:8080'],
		'http://public.test:8080/': ['answered', 200, '8.8.8.8:8080'],
		'http://public6.test:8080/': ['answered', 200, '2606:4700::1111:8080'],
		'http://both.test:8080/': ['answered', 200, '8.8.8.8:8080'],
		'http://8.8.8.8:25/': REFUSAL,
	});
});

test('where a public address does not answer, the name\'s internal one is not tried', () => {
	assert.deepEqual(Object.values(told.falls), [['not_connected', 0]]);
});

test('a name is refused from the dial on at which it has an internal address', () => {
	assert.deepEqual(Object.values(told['first turn']), [['answered', 200, '8.8.8.8:8080']]);
	assert.deepEqual(Object.values(told['next turn']), [REFUSAL]);
});

test('a redirect is not followed, whether or not its address may be reached', () => {
	assert.deepEqual(Object.values(told.redirect), [['answered', 307, '8.8.8.8:8082'], ['answered', 308, '8.8.8.8:8083']]);
});

test('the machine\'s own addresses are not dialled, also where they are public', () => {
	assert.deepEqual(Object.values(told.own), [REFUSAL, REFUSAL, REFUSAL]);
});

test('a name that is allowed is reached at any address and port, and no other name of that address', () => {
	assert.deepEqual(told['allowed name'], {
		'http://named.test:8080/': ['answered', 200, '10.1.2.3:8080'],
		'http://NAMED.test.:25/': ['answered', 200, '10.1.2.3:25'],
		'http://sub.named.test:8080/': REFUSAL,
		'http://other.test:8080/': REFUSAL,
		'http://10.1.2.3:8080/': REFUSAL,
	});
});

test('a network that is allowed is reached by any name and port, and none beside it', () => {
	assert.deepEqual(told['allowed network'], {
		'http://named.test:8080/': ['answered', 200, '10.1.2.3:8080'],
		'http://other.test:25/': ['answered', 200, '10.1.2.3:25'],
		'http://[::ffff:10.1.2.3]:8080/': ['answered', 200, '10.1.2.3:8080'],
		'http://10.2.0.1:8080/': REFUSAL,
		'http://[::1]:8080/': ['answered', 200, '::1:8080'],
		'http://127.0.0.1:8080/': REFUSAL,
	});
});

test('no proxy of the environment is asked, and no password of a .netrc is sent', () => {
	assert.deepEqual(told.proxy, { 'http://public.test/': ['answered', 200, '8.8.8.8:80'], 'http://10.0.0.1/': REFUSAL });
	assert.deepEqual(told.authorization, []);
});
