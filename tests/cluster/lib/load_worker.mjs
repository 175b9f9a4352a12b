// A process of clients (load.mjs): the participants of some rooms, who are all in it, so that one process proves what became of a room and one clock says how long its messages took.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { assertRecords } from '../../faults/lib/checker.mjs';
import { Crowd } from '../../postgresql/lib/pair.mjs';

let crowd;
let place; // what a Crowd is gathered around

const lateness = monitorEventLoopDelay({ resolution: 10 });

const sumOf = (name) => [...crowd.participants, ...crowd.streams].reduce((sum, each) => sum + each[name], 0);

const calls = {
	// balancer: where they connect to.
	async gather({ name, balancer, nRooms, nClients, nStreams, perSecond }) {
		place = { servers: [balancer], crowds: [] };
		crowd = await Crowd.gather(place, { nRooms, nClients, perSecond, roomName: (i) => `room ${i} of ${name}` });
		crowd.streams = await Promise.all(crowd.rooms.slice(0, nStreams).map(([first]) => first.readsToo(() => 0)));
	},

	start() {
		crowd.startSending();
	},

	// Ends when all that was begun is acknowledged.
	async stop() {
		await crowd.stopSending();
	},

	// What was delivered since the last time, in milliseconds from the first attempt to send it; the longest that this process was late meanwhile; and how often somebody connected,
	// was told to come later, or failed, since the beginning.
	take() {
		const delays = Float64Array.from(crowd.delays.own.splice(0));
		const lateMs = lateness.max / 1e6;
		lateness.enable();
		lateness.reset();
		return { delays, lateMs, nConnections: sumOf('nConnections'), nDeferred: sumOf('nDeferred'), nFailed: sumOf('nFailed') };
	},

	// Nobody sends. Gives why somebody's record is not whole, by the log that this server gives out. The records begin anew with the last event.
	async check({ server }) {
		const found = { acknowledged: 0, faults: [] };
		for (const room of crowd.rooms) {
			const all = [...room, ...crowd.streams.filter((stream) => stream.room === room[0].room)];
			try {
				await assertRecords(server, all, { known: room.log ??= [] });
			} catch (error) {
				found.faults.push(error.message);
			}
			found.acknowledged += room.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
			for (const each of all) {
				each.seen.splice(0, each.seen.length - 1);
				each.acknowledged.splice(0);
			}
		}
		crowd.sent.clear();
		return found;
	},

	async leave() {
		await crowd.leave();
	},
};

process.on('message', async ({ id, call, data }) => {
	const answer = await Promise.resolve().then(() => calls[call](data)).then((result) => ({ result }), (error) => ({ error: error.stack }));
	process.send({ id, ...answer });
});
process.on('disconnect', () => process.exit(0));
