// Real PostgreSQL for tests: clusters that start quickly, die, come back, and follow one another.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildDir } from './env.mjs';
import { freePort } from './tcp.mjs';
import { until, within } from './wait.mjs';

const execute = promisify(execFile);
const VERSIONS = [17, 16, 15]; // the newest that is installed is taken
const TRIES = 5; // a port that is free now may be somebody's a moment later
const START_MS = 60000;

function findPrograms() {
	const folders = [process.env.POSTGRESQL_BIN ?? [], ...VERSIONS.map((version) => `/usr/lib/postgresql/${version}/bin`)].flat();
	return folders.find((folder) => existsSync(join(folder, 'postgres'))) ?? assert.fail(`no PostgreSQL in ${folders.join(', ')}: deploy/install-deps test`);
}

let bin;
const program = (name) => join(bin ??= findPrograms(), name);

// PostgreSQL refuses to run as root: then it runs as the user of Debian's package, or as nobody.
function findUser() {
	if (process.getuid() !== 0) {
		return undefined;
	}
	const passwd = readFileSync('/etc/passwd', 'utf8');
	const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(passwd) ?? /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd);
	return { uid: Number(uid), gid: Number(gid) };
}

const user = findUser();
// Everything that is started ends with this process, in any way that the process ends.
const wrapped = (signal, name, args) => ['setpriv', ['--pdeathsig', signal, ...(user ? ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups'] : []), '--', program(name), ...args]];

// Its messages are matched, and its settings are those that a test gives it.
const environment = () => ({ ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))), LC_ALL: 'C.UTF-8' });
export const runProgram = (name, args) => execute(...wrapped('KILL', name, args), { env: environment(), cwd: '/' });

// What psql prints for statements: rows by lines, columns by |.
export async function psql(url, sql, variables = {}) {
	const sets = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
	const running = execute(program('psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...sets, '-d', url, '-f', '-'], { env: environment(), cwd: '/', maxBuffer: 1 << 28 });
	running.child.stdin.on('error', () => {}).end(sql);
	return (await running).stdout.trimEnd();
}

const running = new Set();
const temporary = [];
const pause = new Int32Array(new SharedArrayBuffer(4));
// Ended, not killed: its shared memory would stay in the system.
process.on('exit', () => {
	for (const child of running) {
		child.kill('SIGQUIT');
	}
	const deadline = Date.now() + 5000;
	const isAlive = ({ pid }) => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
	while ([...running].some(isAlive) && Date.now() < deadline) {
		Atomics.wait(pause, 0, 0, 5);
	}
	temporary.forEach(remove);
});

const remove = (dir) => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });

// A folder that PostgreSQL's user owns.
function ownDir() {
	const dir = mkdtempSync(join(tmpdir(), 'parley-cluster-'));
	temporary.push(dir);
	if (user) {
		chownSync(dir, user.uid, user.gid);
	}
	return dir;
}

// What is made here becomes that user's.
export function giveAway(path) {
	if (user) {
		execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, path]);
	}
}

// A fresh cluster takes a second to make and a moment to copy: one is kept in the build directory, for each version.
async function makeData(dir) {
	const version = execFileSync(program('postgres'), ['--version'], { encoding: 'utf8' }).match(/[\d.]+/)[0];
	const kept = join(buildDir, 'tests', `postgres-template-${version}`);
	if (!existsSync(kept)) {
		await runProgram('initdb', ['-D', dir, '-U', 'parley', '-A', 'trust', '-E', 'UTF8', '--locale', 'C.UTF-8', '--wal-segsize', '1', '--no-sync']);
		mkdirSync(join(buildDir, 'tests'), { recursive: true });
		const copy = mkdtempSync(`${kept}.`);
		cpSync(dir, copy, { recursive: true });
		try {
			renameSync(copy, kept);
		} catch {
			rmSync(copy, { recursive: true, force: true }); // another process made it first
		}
		return;
	}
	execFileSync('cp', ['-r', '--reflink=auto', kept, dir]);
	giveAway(dir);
	execFileSync('chmod', ['-R', 'go=', dir]);
}

// Small, quick to start, and quiet.
const SETTINGS = { listen_addresses: '127.0.0.1', shared_buffers: '16MB', max_connections: '100', log_min_messages: 'warning', wal_keep_size: '64MB',
	dynamic_shared_memory_type: 'mmap' };
const FAST = { fsync: 'off', full_page_writes: 'off' };

function signalAll(pids, signal) {
	for (const pid of pids) {
		try {
			process.kill(pid, signal);
		} catch (error) {
			assert.equal(error.code, 'ESRCH'); // it ended by itself
		}
	}
}

const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

export class Cluster {
	constructor(dir, settings) {
		this.dir = dir;
		this.settings = settings;
		this.log = '';
		this.nDatabases = 0;
	}

	// A cluster of its own, which listens on a Unix socket and on 127.0.0.1. durable: false leaves out fsync. settings: more lines of postgresql.conf. env: more of its environment.
	static async start({ durable = true, settings = {}, env = {} } = {}) {
		const cluster = new Cluster(ownDir(), { ...SETTINGS, ...(durable ? {} : FAST), ...settings });
		cluster.env = env;
		await makeData(cluster.data);
		await cluster.start();
		return cluster;
	}

	get data() {
		return join(this.dir, 'data');
	}

	get pid() {
		return this.child.pid;
	}

	// postgresql://… of a database over TCP; `port`: of a proxy in front of it.
	url(database = 'postgres', port = this.port) {
		return `postgresql://parley@127.0.0.1:${port}/${database}`;
	}

	// The same over the Unix socket.
	socketUrl(database = 'postgres') {
		return `postgresql:///${database}?host=${encodeURIComponent(this.dir)}&port=${this.port}&user=parley`;
	}

	// Starts it, also after stop() and kill(), on the port that it had. Waits until it takes connections.
	async start() {
		assert.ok(!this.child, 'the cluster runs');
		for (let i = 1; ; i++) {
			const port = this.port ?? await freePort();
			try {
				await this.startOn(port);
				this.port = port;
				return this;
			} catch (error) {
				if (this.port || i === TRIES || !/could not (bind|create any)/.test(error.message)) {
					throw error;
				}
			}
		}
	}

	async startOn(port) {
		const settings = Object.entries({ ...this.settings, port, unix_socket_directories: this.dir }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
		const child = spawn(...wrapped('QUIT', 'postgres', ['-D', this.data, ...settings]), { env: { ...environment(), ...this.env }, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
		let log = '';
		child.stderr.setEncoding('utf8').on('data', (text) => {
			log += text;
			this.log += text;
		});
		running.add(child);
		child.unref(); // a process of tests ends though its cluster runs
		child.stderr.unref();
		this.child = child;
		this.ended = new Promise((resolve) => {
			child.on('close', () => {
				running.delete(child);
				this.child = undefined;
				resolve();
			});
		});
		await until(START_MS, 'PostgreSQL to start', () => !this.child || this.isReady()).catch((late) => assert.fail(`${late.message}\n${log}`));
		assert.ok(this.child, `PostgreSQL ended:\n${log}`);
	}

	// The last line of its file is its state: "starting", "ready", "standby" when a standby can be read.
	isReady() {
		const file = join(this.data, 'postmaster.pid');
		const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
		return Number(lines[0]) === this.pid && ['ready', 'standby'].includes(lines[7]?.trim());
	}

	// Without waiting for clients ("fast"), or without a checkpoint ("immediate").
	async stop(mode = 'fast') {
		if (this.child) {
			this.child.kill({ fast: 'SIGINT', immediate: 'SIGQUIT' }[mode]);
			await within(START_MS, `PostgreSQL to stop\n${this.log.slice(-2000)}`, this.ended);
		}
	}

	// kill -9 of all its processes at once, the same as a machine that dies.
	async kill() {
		const { pid } = this;
		const [, memory] = readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n')[6].trim().split(/ +/);
		signalAll([pid], 'SIGSTOP'); // it starts no more
		signalAll([...children(pid), pid], 'SIGKILL');
		await within(START_MS, 'PostgreSQL to be dead', this.ended);
		execFileSync('ipcrm', ['-m', memory]); // goes with the machine, too
	}

	// kill -9 of the processes of all connections to a database: PostgreSQL then ends all others too, and starts again.
	async killBackends(database) {
		const pids = await this.query('SELECT pid FROM pg_stat_activity WHERE datname = :\'name\'', { variables: { name: database } });
		signalAll(pids.split('\n').filter(Boolean).map(Number), 'SIGKILL');
	}

	// Stands still: connections stay open, and nothing is answered.
	freeze() {
		this.frozen = [this.pid, ...children(this.pid)];
		signalAll(this.frozen, 'SIGSTOP');
	}

	thaw() {
		signalAll(this.frozen, 'SIGCONT');
	}

	// Nothing of it is needed any more.
	async destroy() {
		await this.stop('immediate');
		remove(this.dir);
	}

	query(sql, { database = 'postgres', variables } = {}) {
		return psql(this.socketUrl(database), sql, variables);
	}

	// An empty database of this cluster; gives its name.
	async makeDatabase() {
		const name = `parley_${++this.nDatabases}`;
		await this.query(`CREATE DATABASE ${name} TEMPLATE template0`);
		return name;
	}

	// Changes settings while it runs.
	async set(settings) {
		await this.query(`${Object.entries(settings).map(([name, value]) => `ALTER SYSTEM SET ${name} = '${value}';`).join('\n')}\nSELECT pg_reload_conf();`);
	}

	// Another cluster that follows this one. The caller destroys it.
	async makeStandby() {
		const standby = new Cluster(ownDir(), this.settings);
		await runProgram('pg_basebackup', ['-D', standby.data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync', '-d', this.socketUrl()]);
		await standby.start();
		return standby;
	}

	// Waits until a standby has all that this one has committed by now.
	async caughtUp(standby) {
		const lsn = await this.query('SELECT pg_current_wal_flush_lsn()');
		await until(START_MS, `the standby to reach ${lsn}`, async () => await standby.query(`SELECT pg_last_wal_replay_lsn() >= '${lsn}'`) === 't');
	}

	// A standby becomes a cluster that takes writes.
	async promote() {
		assert.equal(await this.query('SELECT pg_promote(true, 60)'), 't', this.log.slice(-2000));
	}
}

// A cluster for one test.
export async function clusterFor(t, options) {
	const cluster = await Cluster.start(options);
	t.after(() => cluster.destroy());
	return cluster;
}
