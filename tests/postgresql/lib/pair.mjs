// Two servers on one database, and what must hold in it after anything that they did at the same time.
import assert from 'node:assert/strict';
import { Cluster } from '../../e2e/lib/postgres.mjs';
import { startServer } from '../../e2e/lib/server.mjs';
import { until } from '../../e2e/lib/wait.mjs';
import { Participant } from '../../faults/lib/participant.mjs';
import { StreamReader } from '../../faults/lib/stream_reader.mjs';

export class Pair {
	constructor(cluster, database, args) {
		this.cluster = cluster;
		this.database = database;
		this.args = args;
		this.servers = [undefined, undefined];
		this.crowds = [];
	}

	// On an empty database of the cluster. Both make its tables at once.
	static async start(cluster, { args = [] } = {}) {
		const pair = new Pair(cluster, await cluster.makeDatabase(), args);
		await Promise.all([pair.startServer(0), pair.startServer(1)]);
		return pair;
	}

	// Also after kill(): with the data directory that it had.
	async startServer(side) {
		const address = ['--database', this.cluster.socketUrl(this.database), '--database-allow-asynchronous-commit', 'on'];
		this.servers[side] = await startServer({ dataDir: this.servers[side]?.dataDir, args: [...address, ...this.args] });
		return this.servers[side];
	}

	async stop() {
		await Promise.all(this.crowds.map((crowd) => crowd.leave()));
		return Promise.all(this.servers.map((server) => server.stop()));
	}

	// Rows by lines, columns by |.
	query(sql) {
		return this.cluster.query(sql, { database: this.database });
	}

	async rows(sql) {
		return (await this.query(sql)).split('\n').filter(Boolean);
	}
}

export async function pairFor(t, cluster, options) {
	const pair = await Pair.start(cluster, options);
	t.after(() => pair.stop());
	return pair;
}

// Its database has no fsync: what tests of two servers wait for is the other server, not the disk.
export const startCluster = () => Cluster.start({ durable: false, settings: { max_connections: 200 } });

// Each question finds only rows that are wrong.
const FAULTS = {
	'a name is taken twice': 'SELECT name_key FROM account WHERE kind <> 2 GROUP BY name_key HAVING count(*) > 1',
	'two names look alike': 'SELECT skeleton FROM account WHERE kind <> 2 GROUP BY skeleton HAVING count(*) > 1',
	'a room\'s name is taken twice': 'SELECT name_key FROM room WHERE name_key IS NOT NULL GROUP BY name_key HAVING count(*) > 1',
	'two rooms\' names look alike': 'SELECT skeleton FROM room WHERE name_key IS NOT NULL GROUP BY skeleton HAVING count(*) > 1',
	'a number was given twice': 'SELECT no FROM (SELECT no, \'a\' FROM account UNION ALL SELECT no, \'r\' FROM room) AS n (no, of) GROUP BY no, of HAVING count(*) > 1',
	'a room does not count its members': 'SELECT r.no, r.n_members, count(m.room_no) FROM room r LEFT JOIN member m ON m.room_no = r.no GROUP BY r.no HAVING r.n_members <> count(m.room_no)',
	'the seqs of a room are not 1 to its top': `SELECT r.no, r.last_seq, count(e.pk), min(e.pk & 68719476735), max(e.pk & 68719476735) FROM room r LEFT JOIN event e ON e.pk >> 36 = r.no
		GROUP BY r.no HAVING r.last_seq <> count(e.pk) OR r.last_seq <> coalesce(max(e.pk & 68719476735), 0) OR coalesce(min(e.pk & 68719476735), 1) <> 1`,
	'an event does not count the messages up to it': `SELECT pk FROM (SELECT pk, n_messages, sum((json::jsonb->>'type' = 'message.created')::int) OVER (PARTITION BY pk >> 36 ORDER BY pk) AS n FROM event) AS e
		WHERE n_messages <> n`,
	'a subscription keeps something of a room that its owner is no member of': `SELECT k.subscription_no, k.room_no, k.seq
		FROM (SELECT subscription_no, room_no, seq FROM subscription_room UNION ALL SELECT subscription_no, room_no, seq FROM subscription_event) AS k
		LEFT JOIN subscription s ON s.no = k.subscription_no LEFT JOIN member m ON m.user_no = s.owner_no AND m.room_no = k.room_no WHERE m.room_no IS NULL`,
	'a membership is not what the events say': `WITH told AS (SELECT DISTINCT ON (author_no, pk >> 36) author_no AS user_no, pk >> 36 AS room_no, json::jsonb->>'type' AS type FROM event
			WHERE json::jsonb->>'type' IN ('member.joined', 'member.left') ORDER BY author_no, pk >> 36, pk DESC)
		SELECT coalesce(t.user_no, m.user_no), coalesce(t.room_no, m.room_no), type FROM told t FULL JOIN member m USING (user_no, room_no) WHERE (type IS NOT DISTINCT FROM 'member.joined') <> (m.role IS NOT NULL)`,
	'somebody joined or left twice in a row': `SELECT pk FROM (SELECT pk, json::jsonb->>'type' AS type, lag(json::jsonb->>'type') OVER (PARTITION BY author_no, pk >> 36 ORDER BY pk) AS before FROM event
		WHERE json::jsonb->>'type' IN ('member.joined', 'member.left')) AS e WHERE type IS NOT DISTINCT FROM coalesce(before, 'member.left')`,
	'a room has not one owner': `SELECT room_no FROM member m WHERE EXISTS (SELECT 1 FROM event WHERE pk = (m.room_no << 36) + 2 AND json::jsonb#>>'{data,role}' = 'owner')
		GROUP BY room_no HAVING count(*) FILTER (WHERE role = 1) <> 1`,
	'a client_id is no event': 'SELECT c.author_no, c.event_pk FROM client_id c LEFT JOIN event e ON e.pk = c.event_pk WHERE e.author_no IS DISTINCT FROM c.author_no',
	'a guest without a token is still a member': `SELECT m.user_no, m.room_no FROM member m JOIN account a ON a.no = m.user_no
		WHERE a.kind = 2 AND m.ended IS NULL AND NOT EXISTS (SELECT 1 FROM token t WHERE t.user_no = a.no)`,
};

// The end state, by SQL.
export async function assertState(pair) {
	const questions = Object.entries(FAULTS).map(([what, sql], i) => `\\echo = ${i}\n${sql};`);
	const rows = await pair.rows(questions.join('\n'));
	const titles = Object.keys(FAULTS);
	assert.deepEqual(rows.map((row) => row.replace(/^= (\d+)$/, (_, i) => titles[i])), titles, 'a title and what is wrong behind it');
}

// A participant at one of the servers, who can go to the next one, and who notes how long messages take.
export class PairParticipant extends Participant {
	constructor(name, pair, side, crowd, options) {
		super(name, () => pair.servers[this.side], options);
		this.pair = pair;
		this.side = side;
		this.crowd = crowd;
	}

	sendUntilAcknowledged(data) {
		this.crowd.sent.set(data.client_id, { side: this.side, at: performance.now() });
		return super.sendUntilAcknowledged(data);
	}

	record(event, raw) {
		super.record(event, raw);
		const sent = event.type === 'message.created' && this.crowd.sent.get(event.data.client_id);
		if (sent) {
			this.crowd.delays[sent.side === this.side ? 'own' : 'other'].push(performance.now() - sent.at);
		}
	}

	async move() {
		const before = this.nConnections;
		this.side = (this.side + 1) % this.pair.servers.length;
		this.client.terminate();
		return before;
	}

	// Reads the same room as a stream at a server that side() names.
	async readsToo(side) {
		const reader = new StreamReader(`the stream of ${this.name}`, () => this.pair.servers[side()], this);
		await reader.arrive();
		return reader;
	}
}

// What this part of them is not above.
function part(numbers, of) {
	const sorted = Float64Array.from(numbers).sort();
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))];
}

// Participants in rooms, an equal part of each room's at each server. pair: {servers, crowds}, two of them or as many as there are.
export class Crowd {
	constructor(pair) {
		this.pair = pair;
		this.sent = new Map(); // client_id → {side, at}
		this.delays = { own: [], other: [] };
		this.rooms = []; // of participants
		this.streams = [];
	}

	get participants() {
		return this.rooms.flat();
	}

	static async gather(pair, { nRooms, nClients, perSecond, atOnce = 20, roomName = (i) => `the room ${i}` }) {
		const crowd = new Crowd(pair);
		pair.crowds.push(crowd);
		const pauseMs = nClients * 1000 / perSecond;
		crowd.rooms = Array.from({ length: nRooms }, (_, room) => Array.from({ length: Math.ceil((nClients - room) / nRooms) }, (__, i) =>
			new PairParticipant(`participant ${i} of ${room}`, pair, i % pair.servers.length, crowd, { lanes: 1, pauseMs, answerMs: 10000 })));
		const waiting = [...crowd.rooms.entries()];
		await Promise.all(Array.from({ length: atOnce }, async () => {
			for (let next; (next = waiting.shift());) {
				for (const participant of next[1]) {
					await participant.arrive(roomName(next[0]));
				}
			}
		}));
		return crowd;
	}

	// At random moments, so that not all are in one batch.
	startSending() {
		this.participants.forEach((participant) => participant.startSending(Math.random() * participant.pauseMs));
	}

	stopSending() {
		return Promise.all(this.participants.map((participant) => participant.stopSending()));
	}

	leave() {
		this.participants.forEach((participant) => {
			participant.sending = false;
		});
		return Promise.all([...this.participants, ...this.streams].map((each) => each.leave()));
	}

	p99Other() {
		return part(this.delays.other, 0.99);
	}

	describeDelays() {
		const line = (delays) => `${[0.5, 0.99, 1].map((each) => Math.round(part(delays, each))).join('/')} ms of ${delays.length}`;
		return `own events p50/p99/longest ${line(this.delays.own)}; the other's ${line(this.delays.other)}`;
	}
}

let nHolders = 0;

// A third connection holds what `lock` locks until `n` others wait for a lock, until release(), or for ten seconds. `over`: it has let go.
export async function hold(pair, lock, n = Infinity) {
	const name = `holder ${++nHolders}`;
	const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = '${pair.database}' AND wait_event_type = 'Lock'`;
	const over = pair.query(`SET application_name = '${name}'; BEGIN; ${lock};
		DO $$ BEGIN FOR i IN 1..1000 LOOP
			PERFORM pg_stat_clear_snapshot();
			EXIT WHEN (${waiting}) >= ${n === Infinity ? 'bigint \'1000000\'' : n};
			PERFORM pg_sleep(0.01);
		END LOOP; END $$; COMMIT;`).catch((error) => assert.match(error.message, /terminating connection|closed the connection/));
	const isHeld = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${name}' AND wait_event = 'PgSleep'`;
	await until(10000, 'the row to be held', async () => await pair.cluster.query(isHeld) === '1');
	return {
		over,
		isWaitedForBy: (least) => until(10000, `${least} to wait for a lock`, async () => Number(await pair.cluster.query(waiting)) >= least),
		release: async () => {
			await pair.cluster.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`);
			await over;
		},
	};
}
