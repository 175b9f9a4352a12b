// The Debian package, as deploy/deb/build makes it: what lintian says, and what dpkg does with it in a small Debian of its own, as root. TEST_PACKAGE=FILE takes that one.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { promisify } from 'node:util';
import { clientFor } from '../e2e/lib/client.mjs';
import { projectDir } from '../e2e/lib/env.mjs';
import { get } from '../e2e/lib/http.mjs';
import { keepRunning, run, serverFor, temporaryDir } from '../e2e/lib/server.mjs';

const execute = promisify(execFile);
const output = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

let deb;
before(async () => {
	deb = process.env.TEST_PACKAGE ?? (await execute(join(projectDir, 'deploy', 'deb', 'build'))).stdout.trim().split('\n').at(-1);
});

function unpacked() {
	const dir = temporaryDir();
	output('dpkg-deb', '-x', deb, dir);
	return dir;
}

test('lintian finds no error and nothing to warn of', () => {
	const said = spawnSync('lintian', ['--allow-root', '--fail-on', 'error,warning', deb], { encoding: 'utf8' });
	assert.deepEqual([said.status, said.stdout, said.stderr], [0, '', '']);
});

test('its programs run, and it has their manual pages', async (t) => {
	const dir = unpacked();
	const server = await serverFor(t, { binary: join(dir, 'usr/bin/parleyd') });
	await clientFor(t, server, { guest: 'Guest' });
	assert.match((await run(join(dir, 'usr/bin/parley'), ['--server', server.url, '--guest', 'ann', 'room', 'create', 'general'])).stdout, /general/);
	for (const page of ['man1/parley.1.gz', 'man8/parleyd.8.gz']) {
		assert.ok(existsSync(join(dir, 'usr/share/man', page)), page);
	}
});

// shlibs:Depends has only those that the programs are linked with.
test('it recommends the packages of the libraries that its programs load by name', () => {
	const dir = unpacked();
	const recommended = output('dpkg-deb', '-f', deb, 'Recommends').split(/,\s*/).flatMap((choice) => choice.split(' | ')).map((one) => one.split(' ')[0]);
	const loaded = ['parleyd', 'parley'].flatMap((name) => {
		const program = join(dir, 'usr/bin', name);
		const linked = output('objdump', '-p', program);
		return [...readFileSync(program, 'latin1').matchAll(/(?<=\0)lib[a-z0-9]+\.so\.\d+(?=\0)/g)].map(([library]) => library).filter((library) => !linked.includes(library));
	});
	assert.deepEqual([...new Set(loaded)].sort(), ['libcurl.so.4', 'libpq.so.5']);
	for (const library of new Set(loaded)) {
		const [where] = output('dpkg-query', '-S', `*/${library}`).split(':');
		assert.ok(recommended.includes(where), `${where}, for ${library}`);
	}
});

test('it listens to nobody beyond this machine until it is told to', () => {
	const settings = readFileSync(join(unpacked(), 'etc/parley/parleyd.conf'), 'utf8').split('\n').filter((line) => /^[^#]/.test(line));
	assert.deepEqual(settings, ['listen = 127.0.0.1:8080']);
	assert.equal(output('dpkg-deb', '-I', deb, 'conffiles'), '/etc/parley/parleyd.conf');
});

test('its units are those of deploy/systemd for its own user, and systemd has nothing to say of them', () => {
	const dir = unpacked();
	const units = ['lib', 'usr/lib'].map((folder) => join(dir, folder, 'systemd/system')).find((folder) => existsSync(folder));
	for (const unit of ['parleyd.service', 'parleyd@.service']) {
		const ours = readFileSync(join(projectDir, 'deploy/systemd', unit), 'utf8');
		assert.equal(readFileSync(join(units, unit), 'utf8'), ours.replace('/usr/local/bin/', '/usr/bin/').replace('DynamicUser=yes', 'User=parley\nGroup=parley'));
		execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', join(units, unit)], { stdio: 'pipe' });
	}
	cpSync('/lib/systemd/system', units, { recursive: true, verbatimSymlinks: true, force: false });
	mkdirSync(join(dir, 'bin'), { recursive: true });
	cpSync('/bin/kill', join(dir, 'bin/kill'));
	for (const unit of ['parleyd.service', 'parleyd@one.service']) {
		const said = spawnSync('systemd-analyze', ['verify', `--root=${dir}`, '--man=no', '--recursive-errors=no', unit], { encoding: 'utf8' });
		assert.deepEqual([said.status, said.stdout, said.stderr], [0, '', ''], unit);
	}
});

// A Debian that has what the package depends on, and nothing more. It is kept in the folder for temporary files, for each list of dependencies.
function smallDebian() {
	assert.equal(process.getuid(), 0, 'only root can make a Debian in a folder: this was not tested');
	const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))[1];
	const depends = output('dpkg-deb', '-f', deb, 'Depends').replace(/ *\([^)]*\)/g, '').split(', ').map((choice) => choice.split(' | ')[0]).join(',');
	const kept = join(tmpdir(), `parley-debian-${codename}-${createHash('sha256').update(depends).digest('hex').slice(0, 16)}`);
	if (!existsSync(kept)) {
		const targets = output('apt-get', 'indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Identifier: Packages').split('\n');
		const mirror = targets.map((line) => line.split(' ')).find(([, name]) => name === codename)[0];
		const fresh = `${kept}.${process.pid}`;
		output('debootstrap', '--variant=minbase', `--include=${depends}`, codename, fresh, mirror);
		for (const place of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'usr/share/man']) {
			rmSync(join(fresh, place), { recursive: true, force: true });
		}
		renameSync(fresh, kept);
	}
	return kept;
}

// Few bytes are written, or the server's first sync to disk would wait for all of them: dpkg never changes a file below usr in its place.
function copyDebian(kept, root) {
	mkdirSync(root);
	for (const name of readdirSync(kept)) {
		output('cp', name === 'usr' ? '-al' : '-a', join(kept, name), root);
	}
}

test('dpkg installs it where nothing but its dependencies is, its service starts, and only a purge removes data', async (t) => {
	const root = join(temporaryDir(), 'root');
	copyDebian(smallDebian(), root);
	const inside = (...words) => output('chroot', root, ...words);
	cpSync(deb, join(root, 'parleyd.deb'));
	inside('dpkg', '-i', '/parleyd.deb');
	const [, , , , , home] = inside('getent', 'passwd', 'parley').split(':');
	assert.equal(home, '/var/lib/parley');

	const words = /^ExecStart=(.*)$/m.exec(inside('cat', '/lib/systemd/system/parleyd.service'))[1].replace('%E', '/etc').replace('%S', '/var/lib').split(' ');
	inside('install', '-d', '-o', 'parley', '-g', 'parley', '-m', '700', '/var/lib/parley'); // as StateDirectory= does
	const server = keepRunning(t, 'chroot', ['--userspec=parley:parley', root, ...words, '--listen', '127.0.0.1:0']);
	await server.says('listening on');
	assert.equal((await get({ url: /listening on (\S+)/.exec(server.out)[1] }, '/readyz')).status, 200);
	server.child.kill('SIGTERM');
	assert.deepEqual(await once(server.child, 'close'), [0, null], server.err);
	assert.ok(existsSync(join(root, 'var/lib/parley/parley.db')));

	inside('dpkg', '--remove', 'parleyd');
	assert.ok(existsSync(join(root, 'var/lib/parley/parley.db')), 'removed without a purge');
	const said = inside('dpkg', '--purge', 'parleyd');
	assert.match(said, /removing \/var\/lib\/parley with all/);
	assert.ok(!existsSync(join(root, 'var/lib/parley')));
	assert.ok(!existsSync(join(root, 'etc/parley')));
});
