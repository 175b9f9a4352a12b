// Real Redis, or Valkey, for tests: servers that start quickly, die, stand still, come back, and follow one another; Sentinels; a Cluster.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from './certificate.mjs';
import { scaled } from './env.mjs';
import { RespClient } from './resp.mjs';
import { temporaryDir } from './server.mjs';
import { freePort } from './tcp.mjs';
import { until, within } from './wait.mjs';

const TRIES = 5; // a port that is free now may be somebody's a moment later
const START_MS = 60000;
const HOST = '127.0.0.1';
const N_SLOTS = 16384;

/*
 * The server's program, REDIS_SERVER or what Debian has. Debian's packages of tools hold the same file under another name, without the service that the package
 * of the server would start. The program is what its name says that it is.
 */
const PROGRAMS = ['valkey-server', 'redis-server', 'valkey-check-rdb', 'redis-check-rdb'].map((name) => `/usr/bin/${name}`);
const findProgram = () => process.env.REDIS_SERVER ?? PROGRAMS.find((path) => existsSync(path)) ?? assert.fail(`no ${PROGRAMS.join(', ')}: deploy/install-deps test`);

const running = new Set();
process.on('exit', () => {
	for (const child of running) {
		child.kill('SIGKILL');
	}
});

// Small, quick, nothing on disk.
const SETTINGS = { save: '""', appendonly: 'no', databases: '1', 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': '0' };
// A user of the fixture's own: its commands, and replicas, work whatever a test sets for others.
const USER = 'fixture';
const PASSWORD = randomBytes(12).toString('hex');

// A certificate authority of tests, and certificates of it.
export class Authority {
	constructor(dir = temporaryDir()) {
		this.dir = dir;
		this.cert = join(dir, 'ca.pem');
		this.key = join(dir, 'ca.key');
		this.n = 0;
		makeCertificate('Test authority', this.cert, this.key);
	}

	// Gives {cert, key, ca}: files. make: what makes them (certificate.mjs).
	issue(alternatives = `IP:${HOST},DNS:localhost`, make = makeCertificate) {
		const files = { cert: join(this.dir, `${++this.n}.pem`), key: join(this.dir, `${this.n}.key`), ca: this.cert };
		make('redis', files.cert, files.key, { alternatives, authority: { cert: this.cert, key: this.key } });
		return files;
	}
}

export class Redis {
	constructor(options) {
		this.options = options;
		this.dir = temporaryDir('parley-redis-');
		this.socketPath = join(this.dir, 'redis.sock');
		this.log = '';
	}

	/*
	 * A server of its own on 127.0.0.1 and a Unix socket. password: of the default user. users: lines of its ACL (['parley on >word &* +@pubsub']). tls: {cert, key, ca} as
	 * Authority.issue() gives them; then its TCP port takes nothing else. replicaOf: another Redis. cluster: its settings as a part of a Cluster. sentinel: what follows "sentinel"
	 * in the lines of a Sentinel. settings: more of its configuration, each a text or a list of texts.
	 */
	static async start(options = {}) {
		const redis = new Redis(options);
		await redis.start();
		return redis;
	}

	get pid() {
		return this.child.pid;
	}

	// What --redis takes. port: of a proxy in front of it.
	url(port = this.port, host = HOST) {
		return `${this.options.tls ? 'rediss' : 'redis'}://${host}:${port}`;
	}

	get socketUrl() {
		return `unix:${this.socketPath}`;
	}

	// What --redis-password-file takes, with the default user's password or another.
	passwordFile(password = this.options.password) {
		const file = join(temporaryDir(), 'password');
		writeFileSync(file, `${password}\n`, { mode: 0o600 });
		return file;
	}

	configuration(port, busPort) {
		const { password, users = [], tls, replicaOf, cluster, sentinel, settings = {} } = this.options;
		const ports = tls ? { port: 0, 'tls-port': port, 'tls-cert-file': tls.cert, 'tls-key-file': tls.key, 'tls-ca-cert-file': tls.ca, 'tls-auth-clients': 'no', 'tls-replication': 'yes' } : { port };
		const all = {
			...ports, bind: HOST, dir: this.dir, unixsocket: this.socketPath,
			user: [`${USER} on >${PASSWORD} ~* &* +@all`, ...users],
			...(password === undefined ? {} : { requirepass: password }),
			...(sentinel ? { sentinel } : { ...SETTINGS, masteruser: USER, masterauth: PASSWORD }),
			...(replicaOf ? { replicaof: `${HOST} ${replicaOf.port}` } : {}),
			...(cluster ? { 'cluster-enabled': 'yes', 'cluster-port': busPort, ...(tls ? { 'tls-cluster': 'yes' } : {}), ...cluster } : {}),
			...settings,
		};
		return Object.entries(all).flatMap(([name, value]) => [value].flat().map((each) => `${name} ${each}\n`)).join('');
	}

	// Starts it, also after stop() and kill(), on the port that it had. Waits until it answers.
	async start() {
		assert.ok(!this.child, 'this Redis runs');
		for (let i = 1; ; i++) {
			const [port, busPort] = this.port ? [this.port, this.busPort] : [await freePort(), await freePort()];
			try {
				await this.startOn(port, busPort);
				return;
			} catch (error) {
				if (this.port || i === TRIES || !/Address already in use/.test(this.log)) {
					throw error;
				}
			}
		}
	}

	async startOn(port, busPort) {
		const file = join(this.dir, 'redis.conf');
		if (!this.port) { // what it has learned is in it later
			writeFileSync(file, this.configuration(port, busPort));
		}
		const program = join(this.dir, 'redis-server');
		rmSync(program, { force: true });
		symlinkSync(findProgram(), program);
		// It ends with this process, in any way that the process ends.
		const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, file, ...(this.options.sentinel ? ['--sentinel'] : [])], { stdio: ['ignore', 'pipe', 'pipe'] });
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding('utf8').on('data', (text) => { this.log += text; });
			stream.unref();
		}
		child.unref(); // a process of tests ends though its Redis runs
		running.add(child);
		this.child = child;
		this.ended = new Promise((resolve) => {
			child.on('close', () => {
				running.delete(child);
				this.child = undefined;
				resolve();
			});
		});
		await until(START_MS, 'Redis to start', () => !this.child || this.answers()).catch((late) => assert.fail(`${late.message}\n${this.log}`));
		assert.ok(this.child, `Redis ended:\n${this.log}`);
		[this.port, this.busPort] = [port, busPort];
	}

	answers() {
		return this.command('PING').then((reply) => reply === 'PONG', () => false);
	}

	// A connection of its own, which the caller closes. It goes over the Unix socket, so that no proxy and no certificate is in its way.
	connect() {
		return RespClient.connect({ path: this.socketPath, user: USER, password: PASSWORD });
	}

	// One command of the fixture; gives its reply. An error of Redis is thrown.
	async command(...words) {
		const client = await this.connect();
		try {
			return await client.command(...words);
		} finally {
			client.close();
		}
	}

	// A question, asked again where its connection ends: Sentinel ends those of a server whose role it changes.
	async ask(...words) {
		for (let left = 5; ; left--) {
			try {
				return await this.command(...words);
			} catch (error) {
				if (left === 0 || (error.code !== 'ECONNRESET' && error.code !== 'EPIPE' && !/closed the connection/.test(error.message))) {
					throw error;
				}
			}
		}
	}

	// The lines of INFO as members.
	async info(section = 'all') {
		return Object.fromEntries((await this.ask('INFO', section)).split('\r\n').filter((line) => line.includes(':')).map((line) => line.split(/:(.*)/).slice(0, 2)));
	}

	async end(signal) {
		if (this.child) {
			this.child.kill(signal);
			await within(START_MS, `Redis to end\n${this.log.slice(-2000)}`, this.ended);
		}
	}

	// It closes its connections and ends.
	stop() {
		return this.end('SIGTERM');
	}

	kill() {
		return this.end('SIGKILL');
	}

	// Stands still: connections stay open, and nothing is answered.
	freeze() {
		this.child.kill('SIGSTOP');
	}

	thaw() {
		this.child.kill('SIGCONT');
	}

	async isMaster() {
		return (await this.ask('ROLE'))[0] === 'master';
	}

	// Waits until a replica follows its master.
	async follows() {
		await until(START_MS, 'the replica to follow', async () => (await this.info('replication')).master_link_status === 'up');
	}
}

// A server for one test.
export async function redisFor(t, options) {
	const redis = await Redis.start(options);
	t.after(() => redis.kill());
	return redis;
}

/*
 * A master with replicas and the Sentinels that watch them, for one test: {servers, sentinels, master(), urls}. `options` are of each server, `sentinelOptions` of each Sentinel.
 * downMs: how long a master is silent until it counts as away.
 */
export async function sentinelsFor(t, { name = 'parley', nSentinels = 3, nReplicas = 1, downMs = 1000, options = {}, sentinelOptions = {} } = {}) {
	const first = await redisFor(t, options);
	const servers = [first];
	for (let i = 0; i < nReplicas; i++) {
		servers.push(await redisFor(t, { ...options, replicaOf: first }));
		await servers.at(-1).follows();
	}
	const lines = [`monitor ${name} ${HOST} ${first.port} ${Math.floor(nSentinels / 2) + 1}`, `auth-user ${name} ${USER}`, `auth-pass ${name} ${PASSWORD}`,
		`down-after-milliseconds ${name} ${Math.ceil(scaled(downMs))}`, `failover-timeout ${name} ${Math.ceil(scaled(6 * downMs))}`];
	const own = { ...sentinelOptions, sentinel: [`sentinel-user ${USER}`, `sentinel-pass ${PASSWORD}`, ...lines, ...(sentinelOptions.sentinel ?? [])] };
	const sentinels = await Promise.all(Array.from({ length: nSentinels }, () => redisFor(t, own)));
	await until(START_MS, 'the Sentinels to know one another and the replicas', async () => {
		const masters = await Promise.all(sentinels.map((sentinel) => sentinel.command('SENTINEL', 'MASTER', name)));
		const value = (list, member) => Number(list[list.indexOf(member) + 1]);
		return masters.every((master) => value(master, 'num-other-sentinels') === nSentinels - 1 && value(master, 'num-slaves') === nReplicas);
	});
	// The one that the first Sentinel that runs calls the master.
	const master = async () => {
		const [, port] = await sentinels.find((sentinel) => sentinel.child).command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
		return servers.find((server) => server.port === Number(port));
	};
	return { name, servers, sentinels, master, urls: sentinels.map((sentinel) => sentinel.url()) };
}

export class RedisCluster {
	constructor(nodes) {
		this.nodes = nodes;
	}

	get urls() {
		return this.nodes.map((node) => node.url());
	}

	// Slots of the first n masters, in equal parts.
	static ranges(n) {
		return Array.from({ length: n }, (_, i) => [Math.floor((i * N_SLOTS) / n), Math.floor(((i + 1) * N_SLOTS) / n) - 1]);
	}

	async make(nMasters) {
		const masters = this.nodes.slice(0, nMasters);
		for (const [i, node] of this.nodes.entries()) {
			node.id = await node.command('CLUSTER', 'MYID');
			await node.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
		}
		await this.meet();
		for (const [i, range] of RedisCluster.ranges(nMasters).entries()) {
			await masters[i].command('CLUSTER', 'ADDSLOTSRANGE', ...range);
		}
		await this.agrees();
		for (const [i, node] of this.nodes.slice(nMasters).entries()) {
			await node.command('CLUSTER', 'REPLICATE', masters[i % nMasters].id);
		}
		for (const node of this.nodes.slice(nMasters)) {
			await node.follows();
		}
		await this.agrees();
	}

	// A node forgets one that it was told to meet when that takes longer than the node's timeout, so it is told again.
	async meet() {
		const [first, ...others] = this.nodes;
		await until(START_MS, 'the nodes to know one another', async () => {
			const known = await Promise.all(this.nodes.map((node) => node.command('CLUSTER', 'INFO')));
			if (known.every((info) => info.includes(`cluster_known_nodes:${this.nodes.length}\r`))) {
				return true;
			}
			await Promise.all(others.map((node) => node.command('CLUSTER', 'MEET', HOST, first.port, first.busPort)));
			return false;
		}, 500);
	}

	running() {
		return this.nodes.filter((node) => node.child);
	}

	// Waits until all that run call the Cluster whole.
	async agrees() {
		await until(START_MS, 'the Cluster to agree', async () => {
			const infos = await Promise.all(this.running().map((node) => node.command('CLUSTER', 'INFO')));
			return infos.every((info) => info.includes('cluster_state:ok'));
		}, 50);
	}

	slotOf(channel) {
		return this.running()[0].command('CLUSTER', 'KEYSLOT', channel);
	}

	// The masters that have slots, as one that runs sees it: [{node, ranges}].
	async masters() {
		const slots = await this.running()[0].command('CLUSTER', 'SLOTS');
		const nodes = this.nodes.map((node) => ({ node, ranges: slots.filter(([, , master]) => master[1] === node.port).map(([from, to]) => [from, to]) }));
		return nodes.filter(({ ranges }) => ranges.length > 0);
	}

	async ownerOf(slot) {
		const masters = await this.masters();
		return masters.find(({ ranges }) => ranges.some(([from, to]) => from <= slot && slot <= to))?.node;
	}

	// A slot, which holds no keys, goes from its master to another, as a resharding moves it.
	async moveSlot(slot, to) {
		const from = await this.ownerOf(slot);
		await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
		await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
		await to.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
		await from.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
	}
}

/*
 * A Cluster for one test. Replicas take over a moment after their master is away. settings: of each node (redis.conf), options: as Redis.start() takes them.
 */
export async function redisClusterFor(t, { nMasters = 3, nReplicas = 0, nodeTimeoutMs = 2000, settings = {}, options = {} } = {}) {
	const cluster = { 'cluster-config-file': 'nodes.conf', 'cluster-node-timeout': scaled(nodeTimeoutMs), ...settings };
	const nodes = await Promise.all(Array.from({ length: nMasters + nReplicas }, () => redisFor(t, { ...options, cluster })));
	const made = new RedisCluster(nodes);
	await made.make(nMasters);
	return made;
}
