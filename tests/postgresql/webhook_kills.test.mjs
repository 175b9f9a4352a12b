// Outgoing webhooks with two instances, of which the one that works for a webhook is killed again and again, to a receiver that fails at random.
import test, { after, before } from 'node:test';
import { sleep } from '../e2e/lib/env.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { ARGS, TEST_MS, WebhookProof, isFull } from '../faults/lib/webhook_proof.mjs';
import { assertState, pairFor, startCluster } from './lib/pair.mjs';

const COUNTS = isFull ? { nRooms: 50, nEvents: 10000, nHangs: 5 } : { nRooms: 10, nEvents: 1000, nHangs: 1 };
const N_KILLS = isFull ? 25 : 2;
const WAIT_MS = 60000;
const AWAY_MS = 2000;

let cluster;
before(async () => {
	cluster = await startCluster();
});
after(() => cluster.stop());

// The side that works for most of the two webhooks. What one has and the other has taken over already is counted twice for a moment.
const worker = (pair) => until(WAIT_MS, 'an instance to work for each webhook', async () => {
	const [a, b] = await Promise.all(pair.servers.map(async (server) => (await metricsOf(server)).get('parley_webhooks_active')));
	return a + b === 2 && { side: b > a || (a === b && Math.random() < 0.5) ? 1 : 0 };
}).then(({ side }) => side);

test(`${COUNTS.nEvents} events of ${COUNTS.nRooms} rooms through ${N_KILLS} kills of an instance that has a lease, and faults of the endpoint`, { timeout: TEST_MS }, async (t) => {
	const pair = await pairFor(t, cluster, { args: ARGS });
	let alive = 0;
	const p = await WebhookProof.begin(t, () => pair.servers[alive], COUNTS);
	p.startSending();
	for (let i = 0; i < N_KILLS; i++) {
		const side = await worker(pair);
		await p.moment(COUNTS.nEvents / N_KILLS);
		alive = 1 - side;
		await pair.servers[side].kill();
		await sleep(Math.random() * AWAY_MS);
		await pair.startServer(side);
	}
	await p.assertAll();
	t.diagnostic(p.describe());
	await assertState(pair);
});
