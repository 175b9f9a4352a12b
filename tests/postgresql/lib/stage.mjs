// A database of a cluster, a server on it, and people of one room: what the tests of faults begin with.
import assert from 'node:assert/strict';
import { sleep } from '../../e2e/lib/env.mjs';
import { get, post } from '../../e2e/lib/http.mjs';
import { Cluster } from '../../e2e/lib/postgres.mjs';
import { PostgresProxy } from '../../e2e/lib/postgres_proxy.mjs';
import { startServer, temporaryDir } from '../../e2e/lib/server.mjs';
import { until } from '../../e2e/lib/wait.mjs';
import { assertRecords, assertWhole } from '../../faults/lib/checker.mjs';
import { Participant } from '../../faults/lib/participant.mjs';
import { StreamReader } from '../../faults/lib/stream_reader.mjs';

// POSTGRES_FAULTS=1 takes the counts for a proof; without it few of each, so that tests/run stays short.
export const isFull = Number(process.env.POSTGRES_FAULTS ?? 0) > 0;
export const times = (usual, full) => (isFull ? full : usual);

// The death of processes loses nothing that the system has, so nobody waits for the disk. But a page may be torn.
export const startKillable = (options) => Cluster.start({ durable: false, settings: { full_page_writes: 'on' }, ...options });

export class Stage {
	people = [];

	// Everything ends with the test. proxied: the server reaches the database through a proxy (this.proxy). cluster: one that others use as well.
	// makeDatabase(cluster) gives the name of another database than the usual one.
	static async open(t, { proxied = false, cluster, makeDatabase = (on) => on.makeDatabase() } = {}) {
		const stage = new Stage();
		stage.dataDir = temporaryDir();
		stage.isOwn = !cluster;
		stage.cluster = cluster ?? await startKillable();
		t.after(() => stage.close());
		stage.database = await makeDatabase(stage.cluster);
		stage.proxy = proxied ? await PostgresProxy.start(stage.cluster.port) : undefined;
		await stage.startServer();
		return stage;
	}

	get url() {
		return this.cluster.url(this.database, this.proxy?.port ?? this.cluster.port);
	}

	async startServer() {
		this.server = await startServer({ dataDir: this.dataDir, args: ['--database', this.url, '--database-allow-asynchronous-commit', 'on'] });
		return this.server;
	}

	query(sql) {
		return this.cluster.query(sql, { database: this.database });
	}

	// Writers, who read as well, others who only read, and event streams. answerMs is long: an outage is no reason to leave.
	async invite({ nWriters = 3, nReaders = 1, nStreams = 1, lanes = 4, answerMs = 60000, pauseMs = 1 } = {}) {
		const target = () => this.server;
		for (let i = 0; i < nWriters + nReaders; i++) {
			const participant = new Participant(`participant ${i}`, target, { lanes, answerMs, pauseMs });
			await participant.arrive('the room');
			this.people.push(participant);
		}
		this.writers = this.people.slice(0, nWriters);
		for (let i = 0; i < (this.people.length && nStreams); i++) {
			const stream = new StreamReader(`stream ${i}`, target, this.people[0]);
			await stream.arrive();
			this.people.push(stream);
		}
		this.writers.forEach((writer) => writer.startSending());
	}

	// Nothing acknowledged is lost or doubled. Gives {acknowledged, found, events, duplicates}.
	async check(options) {
		await Promise.all(this.writers.map((writer) => writer.stopSending()));
		const counts = await assertRecords(this.server, this.people, options);
		const duplicates = this.writers.flatMap(({ acknowledged }) => acknowledged).filter(({ duplicate }) => duplicate).length;
		await assertWhole(this.server);
		return { ...counts, duplicates };
	}

	// Nobody had to come back.
	assertStayed() {
		for (const { name, nConnections } of this.people) {
			assert.equal(nConnections, 1, `${name} had to come back`);
		}
	}

	// How often the server's log has an event.
	nLogged(event) {
		return this.server.stderr.split('\n').filter((line) => line.includes(` ${event} `)).length;
	}

	// The reason that /readyz gives, once the server knows that the database is away.
	async untilAway() {
		const pattern = /^the database is away: \S+\/parley_\d+ as parley: (.+)\n$/;
		let answer;
		await until(60000, '/readyz to tell why the database is away', async () => {
			answer = await get(this.server, '/readyz');
			return answer.status === 503 && pattern.test(answer.text);
		}).catch((late) => assert.fail(`${late.message}: ${answer.status} ${answer.text}\n${this.server.stderr.slice(-3000)}`));
		return pattern.exec(answer.text)[1];
	}

	// Milliseconds from now until somebody has an acknowledgement.
	async untilAcknowledged() {
		const began = performance.now();
		const count = () => this.writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
		for (const before = count(); count() === before;) {
			assert.ok(performance.now() - began < 60000, `nothing is acknowledged any more\n${this.server.stderr.slice(-3000)}`);
			await sleep(1);
		}
		return Math.round(performance.now() - began);
	}

	async close() {
		await Promise.all(this.people.map((participant) => participant.leave()));
		await this.server?.stop();
		await this.proxy?.close();
		await (this.isOwn && this.cluster.destroy());
		await this.standby?.destroy();
	}
}

// What became of a request over HTTP: 'ok', or the error's code.
export async function outcome(target, type, data, token) {
	const { json, text } = await post(target, type, data, { token });
	assert.ok(json, text);
	return json.type === 'ok' ? 'ok' : json.data.code;
}

// For a line of the report.
export function summary(values) {
	const sorted = [...values].sort((a, b) => a - b);
	return `${sorted[0]} / ${sorted[Math.floor(sorted.length / 2)]} / ${sorted.at(-1)}`;
}
