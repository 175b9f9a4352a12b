// Three instances as an operator has them: one PostgreSQL, one Redis, HAProxy with deploy/haproxy.cfg before them; and a proxy in each instance's way to the database and to Redis.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { haproxyBefore } from '../../e2e/lib/balancers.mjs';
import { scaled, sleep } from '../../e2e/lib/env.mjs';
import { get } from '../../e2e/lib/http.mjs';
import { metricsOf } from '../../e2e/lib/metrics.mjs';
import { Cluster } from '../../e2e/lib/postgres.mjs';
import { Proxy } from '../../e2e/lib/proxy.mjs';
import { Authority, redisClusterFor, redisFor, sentinelsFor } from '../../e2e/lib/redis.mjs';
import { startServer, temporaryDir } from '../../e2e/lib/server.mjs';
import { until } from '../../e2e/lib/wait.mjs';

// CLUSTER_FAULTS=1 takes the counts for a proof; without it few of each, so that tests/run stays short.
export const isFull = Number(process.env.CLUSTER_FAULTS ?? 0) > 0;
export const times = (usual, full) => (isFull ? full : usual);

const N_INSTANCES = 3;
const LOOK_EVERY_MS = 50;
const WHOLE = 2; // parley_bus_state
const GRACE_MS = scaled(4000); // HAProxy looks once a second, and believes the second answer
const DRAIN_MS = 1000;
const SIGN_INS_PER_SECOND = 5000; // the server's default, which the fixture's servers do not have

const ARGS = ['--drain-grace-ms', `${GRACE_MS}`, '--drain-ms', `${DRAIN_MS}`, '--limit-sign-ins', `${SIGN_INS_PER_SECOND}`, '--trusted-proxy', '127.0.0.1'];
const SENTINELS_USER = 'watcher';

class Instance {
	constructor(scene, postgresProxy, redisProxy) {
		Object.assign(this, { scene, postgresProxy, redisProxy, dataDir: temporaryDir() });
	}

	// Also again, on the port that it had.
	async start() {
		const { scene } = this;
		const database = ['--database', scene.postgres.url(scene.database, this.postgresProxy.port), '--database-allow-asynchronous-commit', 'on'];
		this.server = await startServer({ dataDir: this.dataDir, port: this.server?.port ?? 0, args: [...database, ...scene.bus.args(this), ...ARGS] });
	}

	get isWhole() {
		return this.metric('parley_bus_state').then((state) => state === WHOLE, () => false);
	}

	get isReady() {
		return get(this.server, '/readyz').then(({ status }) => status === 200, () => false);
	}

	// Fails where the instance does not answer.
	async metric(name) {
		return (await metricsOf(this.server)).get(name);
	}
}

const addressesOf = (urls) => urls.flatMap((url) => ['--redis', url]);

// Where the instances meet: {servers, args(instance)}, and what is this kind's own.
const BUSES = {
	async Redis(scene) {
		const redis = await redisFor(scene);
		return { servers: [redis], args: ({ redisProxy }) => addressesOf([redis.url(redisProxy.port)]) };
	},
	async TLS(scene) {
		const authority = new Authority();
		const redis = await redisFor(scene, { tls: authority.issue() });
		return { servers: [redis], authority, args: () => [...addressesOf([redis.url()]), '--redis-ca-file', authority.cert] };
	},
	// The Sentinels have a user of their own, so that a master can be shut to them while instances that are connected to it stay.
	async Sentinel(scene) {
		const lines = [`auth-user parley ${SENTINELS_USER}`, `auth-pass parley ${SENTINELS_USER}`];
		const found = await sentinelsFor(scene, { downMs: 1000, options: { users: [`${SENTINELS_USER} on >${SENTINELS_USER} ~* &* +@all`] }, sentinelOptions: { sentinel: lines } });
		return {
			master: found.master, data: found.servers, servers: [...found.servers, ...found.sentinels], args: () => addressesOf(found.urls),
			async shut(server) {
				for (const user of [SENTINELS_USER, 'default']) { // what cannot sign in is the default user
					await server.command('ACL', 'SETUSER', user, 'off');
				}
				await server.command('CLIENT', 'KILL', 'USER', SENTINELS_USER);
			},
			async open(server) {
				for (const user of [SENTINELS_USER, 'default']) {
					await server.command('ACL', 'SETUSER', user, 'on');
				}
			},
		};
	},
	async Cluster(scene) {
		const cluster = await redisClusterFor(scene, { nMasters: 3, nReplicas: 3, nodeTimeoutMs: 2000 });
		return { cluster, servers: cluster.nodes, args: () => addressesOf(cluster.urls) };
	},
};

export class Scene {
	ends = [];
	instances = [];
	buses = {};

	static async open() {
		const scene = new Scene();
		try {
			await scene.build();
		} catch (error) {
			await scene.close();
			throw error;
		}
		return scene;
	}

	// What close() does; the fixtures take a scene for the context of a test.
	after(end) {
		this.ends.unshift(end);
	}

	async close() {
		for (const end of this.ends.splice(0)) {
			await end();
		}
	}

	async build() {
		this.postgres = await Cluster.start({ durable: false, settings: { full_page_writes: 'on', max_connections: 200 } });
		this.after(() => this.postgres.destroy());
		this.database = await this.postgres.makeDatabase();
		await this.addBus('Redis');
		this.redis = this.bus.servers[0];
		for (let i = 0; i < N_INSTANCES; i++) {
			const proxies = [await Proxy.start(this.postgres.port), await Proxy.start(this.redis.port)];
			const instance = new Instance(this, ...proxies);
			this.after(() => Promise.all(proxies.map((proxy) => proxy.close())));
			await instance.start();
			this.after(() => instance.server.kill());
			this.instances.push(instance);
		}
		this.balancer = await haproxyBefore(this, this.instances.map(({ server }) => server), { PARLEY_CONNECTIONS: '8000' });
		await this.untilWhole();
		await this.untilInstances(N_INSTANCES);
	}

	// Lines of what the database answers, columns by |.
	async rows(sql) {
		return (await this.postgres.query(sql, { database: this.database })).split('\n').filter(Boolean);
	}

	async addBus(name) {
		this.bus = this.buses[name] ??= await BUSES[name](this);
	}

	// The instances meet from now on in another kind of Redis. All of them end at once, and all clients come back at once.
	async useBus(name) {
		if (this.bus === this.buses[name]) {
			return;
		}
		await this.addBus(name);
		await Promise.all(this.instances.map(({ server }) => server.kill()));
		await Promise.all(this.instances.map((instance) => instance.start()));
		await this.untilWhole();
		await this.untilInstances(N_INSTANCES);
	}

	// Each instance in turn leaves and comes back, as an upgrade does it: the next one when HAProxy gives this one connections again.
	async upgrade() {
		for (const [i, instance] of this.instances.entries()) {
			const from = this.balancer.said().length;
			const said = (word) => this.balancer.said().slice(from).includes(`Server parley/${i + 1} is ${word}`);
			await instance.server.stop();
			assert.ok(said('DOWN'), 'HAProxy sees the red within the grace');
			await instance.start();
			await this.untilWhole([instance]);
			await until(60000, 'HAProxy to see the green', () => said('UP'), LOOK_EVERY_MS);
		}
	}

	// Whatever a fault left that could not do all that it does.
	async repair() {
		for (const { postgresProxy, redisProxy } of this.instances) {
			redisProxy.heal();
			for (const proxy of [postgresProxy, redisProxy]) {
				proxy.delayMs = 0;
				proxy.flow('toServer');
				proxy.flow('toClient');
			}
		}
		for (const redis of Object.values(this.buses).flatMap((bus) => bus.servers)) {
			await (redis.child ? redis.thaw() : redis.start());
		}
		if (!this.postgres.child) {
			await this.postgres.start();
		}
		for (const instance of this.instances) {
			await (instance.server.exit ? instance.start() : instance.server.signal('SIGCONT'));
		}
		await this.untilWhole();
		await this.untilInstances(N_INSTANCES);
	}

	untilWhole(instances = this.instances) {
		return until(60000, 'the bus to be whole', async () => (await Promise.all(instances.map((instance) => instance.isWhole))).every(Boolean), LOOK_EVERY_MS);
	}

	// Gives how many milliseconds it took until all have their database and a whole bus.
	async untilReady() {
		const began = performance.now();
		await until(60000, 'all to be ready', async () => (await Promise.all(this.instances.map((instance) => instance.isReady))).every(Boolean), LOOK_EVERY_MS);
		await this.untilWhole();
		return performance.now() - began;
	}

	// Gives how many milliseconds it took until these instances know of n, themselves included.
	async untilInstances(n, instances = this.instances) {
		const began = performance.now();
		const counts = () => Promise.all(instances.map((instance) => instance.metric('parley_instances')));
		await until(60000, `${n} instances to be known`, async () => (await counts()).every((each) => each === n), LOOK_EVERY_MS);
		return performance.now() - began;
	}

	// Looks at the bus until stop(), which gives when it was first not whole, and last, at any instance; undefined: never.
	watchBus() {
		let first;
		let last;
		let isOver = false;
		const watching = (async () => {
			while (!isOver) {
				const states = await Promise.all(this.instances.map((instance) => instance.isWhole));
				if (!states.every(Boolean)) {
					last = performance.now();
					first ??= last;
				}
				await sleep(LOOK_EVERY_MS);
			}
		})();
		return {
			stop: async () => {
				isOver = true;
				await watching;
				return { first, last };
			},
		};
	}
}
