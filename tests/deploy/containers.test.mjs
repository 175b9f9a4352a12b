// deploy/Dockerfile and deploy/compose.yaml: what can be told without Docker. tests/deploy/image carries the Dockerfile out.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import yaml from 'js-yaml';
import { clientBinary, projectDir } from '../e2e/lib/env.mjs';
import { run, runServer, startServer } from '../e2e/lib/server.mjs';

const execute = promisify(execFile);
const read = (path) => readFileSync(join(projectDir, path), 'utf8');

// [[word, rest]] of each instruction, with continued lines joined.
const steps = read('deploy/Dockerfile').replace(/^#.*\n/gm, '').replaceAll('\\\n', ' ').split('\n').filter(Boolean).map((line) => line.match(/^(\w+) +(.*)$/).slice(1));
const last = steps.slice(steps.findLastIndex(([word]) => word === 'FROM'));
const one = (word) => {
	const found = last.filter((step) => step[0] === word);
	assert.equal(found.length, 1, word);
	return found[0][1];
};
const pairs = (text) => Object.fromEntries([...text.matchAll(/([\w.]+)=("[^"]*"|\S+)/g)].map(([, name, value]) => [name, value.replaceAll('"', '')]));
const compose = yaml.load(read('deploy/compose.yaml'));
const instances = Object.entries(compose.services).filter(([, service]) => service.build);

// PARLEY_… -> its default, or ''.
async function variables() {
	const { stdout } = await runServer(['--help']);
	return new Map([...stdout.matchAll(/^ {2}--([a-z-]+)=\S+(?: +\(default: (.*?)\))?/gm)].map(([, name, value]) => [`PARLEY_${name.toUpperCase().replaceAll('-', '_')}`, value ?? '']));
}

test('the image is small, runs without rights and can be asked for its health', () => {
	for (const [word, rest] of steps) {
		assert.ok(!['ADD', 'MAINTAINER'].includes(word), word);
		assert.ok(word !== 'FROM' || /^debian:\$\{DEBIAN\}-slim\b/.test(rest), rest);
		assert.ok(!/apt-get install/.test(rest) || /--no-install-recommends .*rm -rf \/var\/lib\/apt\/lists/.test(rest), rest);
	}
	assert.match(one('USER'), /^[1-9]\d*$/);
	assert.ok(last.some(([word, rest]) => word === 'RUN' && rest.includes(`--uid ${one('USER')} `)));
	for (const words of [one('ENTRYPOINT'), one('HEALTHCHECK').split(' CMD ')[1]]) {
		assert.match(JSON.parse(words)[0], /^\/usr\/local\/bin\/parley/); // not a shell, which would take the signals
	}
	assert.equal(one('STOPSIGNAL'), 'SIGTERM');
	assert.equal(pairs(one('LABEL'))['org.opencontainers.image.version'], /^\tversion: '(.*)'/m.exec(read('meson.build'))[1]);
});

test('each copy names something that is there', () => {
	const stages = steps.filter(([word]) => word === 'FROM').map(([, rest]) => rest.split(' ')[2]);
	for (const [, rest] of steps.filter(([word]) => word === 'COPY')) {
		const [, stage, source] = /^(?:--from=(\S+) )?(\S+) \S+$/.exec(rest);
		assert.ok(stage ? stages.includes(stage) : existsSync(join(projectDir, source)), rest);
	}
});

test('a build sees the source and nothing else of this folder', () => {
	const seen = execFileSync(join(projectDir, 'tests/deploy/image'), ['--context'], { encoding: 'utf8' }).trim().split('\n');
	for (const path of ['meson.build', 'server/app/main.c', 'web/embed.py', 'protocol/generate.py']) {
		assert.ok(seen.includes(path), path);
	}
	const others = seen.filter((path) => !/^(deploy\/install-deps$|meson[._]|protocol\/|server\/|tests\/(?!node_modules|fuzz\/corpus)|web\/)/.test(path));
	assert.deepEqual(others, []);
});

test('the image\'s settings are options, and its health check knows a server that runs from one that does not', async () => {
	const known = await variables();
	const env = pairs(one('ENV'));
	assert.deepEqual(Object.keys(env).filter((name) => !known.has(name)), []);
	const [, ...words] = JSON.parse(one('HEALTHCHECK').split(' CMD ')[1]);
	const asked = words.pop();
	assert.equal(asked, `http://127.0.0.1${env.PARLEY_LISTEN_OPS}`);
	const server = await startServer();
	assert.equal((await run(clientBinary, [...words, server.url])).code, 0);
	await server.stop();
	assert.equal((await run(clientBinary, [...words, server.url])).code, 1);
});

test('compose: settings are options, images have versions, and a drain has its time', async () => {
	const known = await variables();
	assert.ok(instances.length >= 2);
	for (const [name, service] of Object.entries(compose.services)) {
		assert.match(service.image, /:\d/, name);
	}
	for (const [name, { environment, volumes, stop_grace_period: grace }] of instances) {
		assert.deepEqual(Object.keys(environment).filter((each) => !known.has(each)), [], name);
		assert.deepEqual(volumes, [`${name}:${one('VOLUME')}`]); // each has a data directory of its own
		const ms = (variable) => Number(environment[variable] ?? known.get(variable));
		assert.ok(1000 * Number.parseInt(grace, 10) >= 2 * (ms('PARLEY_DRAIN_GRACE_MS') + ms('PARLEY_DRAIN_MS')), name);
	}
	for (const service of Object.values(compose.services)) {
		for (const secret of service.secrets ?? []) {
			assert.ok(compose.secrets[secret].file); // a root that cannot be written to takes no other kind
			execFileSync('git', ['-C', projectDir, 'check-ignore', '--no-index', '-q', join('deploy', compose.secrets[secret].file)]);
			assert.ok(Object.values(service.environment).includes(`/run/secrets/${secret}`));
		}
		for (const volume of service.volumes ?? []) {
			const [source] = volume.split(':');
			assert.ok(source.startsWith('.') ? existsSync(join(projectDir, 'deploy', source)) : source in compose.volumes, volume);
		}
	}
});

test('compose: HAProxy takes its file with these settings, finds each instance, and is believed', async () => {
	const { environment, networks } = compose.services.haproxy;
	const [port] = /:\d+$/.exec(pairs(one('ENV')).PARLEY_LISTEN);
	const [opsPort] = /\d+$/.exec(pairs(one('ENV')).PARLEY_LISTEN_OPS);
	const words = instances.map(([, instance]) => `${instance.networks.inside.ipv4_address}${port} port ${opsPort}`);
	assert.deepEqual(Object.keys(environment).filter((name) => /^PARLEY_\d$/.test(name)).map((name) => environment[name]), words);
	for (const name of Object.keys(environment)) {
		assert.ok(read('deploy/haproxy.cfg').includes(`(${name})`) || read('deploy/haproxy.cfg').includes(`"\${${name}-`), name);
	}
	for (const [, instance] of instances) {
		assert.equal(instance.environment.PARLEY_TRUSTED_PROXY, networks.inside.ipv4_address);
	}
	await execute('haproxy', ['-c', '-f', join(projectDir, 'deploy/haproxy.cfg')], { env: { PATH: `${process.env.PATH}:/usr/sbin`, ...environment } });
});
