// Thousands of clients in a few processes: node would take a whole processor for them in one.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// The fixtures load node's runner of tests, which would report about each process.
const QUIET = ['--test-reporter=tap', '--test-reporter-destination=/dev/null'];
const PROGRAM = fileURLToPath(new URL('load_worker.mjs', import.meta.url));

class Worker {
	constructor() {
		this.waiting = new Map();
		this.nextId = 1;
		this.child = fork(PROGRAM, { serialization: 'advanced', execArgv: QUIET });
		this.child.on('message', ({ id, result, error }) => {
			const { resolve, reject } = this.waiting.get(id);
			this.waiting.delete(id);
			if (error) {
				reject(new Error(error));
			} else {
				resolve(result);
			}
		});
		this.ended = new Promise((resolve) => {
			this.child.on('exit', (code, signal) => {
				this.waiting.forEach(({ reject }) => reject(new Error(`a process of clients ended: ${signal ?? code}`)));
				resolve();
			});
		});
	}

	call(name, data) {
		const id = this.nextId++;
		return new Promise((resolve, reject) => {
			this.waiting.set(id, { resolve, reject });
			this.child.send({ id, call: name, data });
		});
	}
}

// An equal part for each of n.
const share = (all, n, i) => Math.floor((all + i) / n);

export class Load {
	// nClients in nRooms, who send perSecond messages altogether to `balancer` ({url, wsUrl}); a stream reads along in nStreams of the rooms.
	static async gather({ balancer, nClients, nRooms, nStreams, perSecond, nProcesses }) {
		const load = new Load();
		load.workers = Array.from({ length: nProcesses }, () => new Worker());
		await load.each('gather', (i) => ({ name: `process ${i}`, balancer: { url: balancer.url, wsUrl: balancer.wsUrl }, nClients: share(nClients, nProcesses, i), nRooms: share(nRooms, nProcesses, i),
			nStreams: share(nStreams, nProcesses, i), perSecond: perSecond / nProcesses }));
		return load;
	}

	each(call, dataOf = () => undefined) {
		return Promise.all(this.workers.map((worker, i) => worker.call(call, dataOf(i))));
	}

	startSending() {
		return this.each('start');
	}

	stopSending() {
		return this.each('stop');
	}

	// Since the last time: {delays: sorted milliseconds, one for each delivery, lateMs: how late a process was}; made altogether: {nConnections, nDeferred, nFailed}.
	async take() {
		const all = await this.each('take');
		const sum = (name) => all.reduce((total, each) => total + each[name], 0);
		return {
			delays: Float64Array.from(all.flatMap((each) => [...each.delays])).sort(), lateMs: Math.max(...all.map(({ lateMs }) => lateMs)),
			nConnections: sum('nConnections'), nDeferred: sum('nDeferred'), nFailed: sum('nFailed'),
		};
	}

	// While nobody sends: {acknowledged: since the last time, faults: why records are not whole by what this server has}.
	async check({ dataDir, operatorSocket }) {
		const all = await this.each('check', () => ({ server: { dataDir, operatorSocket } }));
		return { acknowledged: all.reduce((sum, each) => sum + each.acknowledged, 0), faults: all.flatMap(({ faults }) => faults) };
	}

	async end() {
		await Promise.allSettled(this.workers.map((worker) => worker.call('leave')));
		this.workers.forEach((worker) => worker.child.disconnect());
		await Promise.all(this.workers.map((worker) => worker.ended));
	}
}
