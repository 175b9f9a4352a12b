// Outgoing webhooks through SIGKILL at random moments, to a receiver that fails at random: every event comes at least once, and in the order of its room where that is asked for.
import test from 'node:test';
import { startServer } from '../e2e/lib/server.mjs';
import { ARGS, TEST_MS, WebhookProof, isFull } from './lib/webhook_proof.mjs';

const COUNTS = isFull ? { nRooms: 50, nEvents: 10000, nHangs: 5 } : { nRooms: 10, nEvents: 1000, nHangs: 0 };
const N_KILLS = isFull ? 25 : 5;

test(`${COUNTS.nEvents} events of ${COUNTS.nRooms} rooms through ${N_KILLS} kills of the server, and faults of the endpoint`, { timeout: TEST_MS }, async (t) => {
	let server = await startServer({ args: ARGS });
	const { dataDir } = server;
	t.after(() => server.stop());
	const p = await WebhookProof.begin(t, () => server, COUNTS);
	p.startSending();
	for (let i = 0; i < N_KILLS; i++) {
		await p.moment(COUNTS.nEvents / N_KILLS);
		await server.kill();
		server = await startServer({ dataDir, args: ARGS });
	}
	await p.assertAll();
	t.diagnostic(p.describe());
});
