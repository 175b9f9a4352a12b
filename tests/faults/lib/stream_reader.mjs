// A user who follows a room as an event stream through faults, with somebody's token, and comes back with the newest id. Keeps the records that the checker reads.
import { sleep } from '../../e2e/lib/env.mjs';
import { EventStream } from '../../e2e/lib/http.mjs';

export class StreamReader {
	acknowledged = []; // sends nothing
	seen = []; // {seq, raw}, since the newest gap
	gaps = [];
	nConnections = 0;
	nDeferred = 0;
	nFailed = 0; // how often it could not come back

	// It begins at the participant's present place. target() gives where to connect now.
	constructor(name, target, { room, user, token, last, epoch }) {
		Object.assign(this, { name, target, room, user, token, last });
		this.cursor = `${room}:${last}@${epoch}`;
	}

	async arrive() {
		this.stream = await this.open();
		this.staying = this.stay();
	}

	async open() {
		this.nConnections++;
		const stream = await EventStream.open(this.target(), `room=${this.room}`, { token: this.token, lastEventId: this.cursor });
		if (stream.status !== 200) {
			stream.close();
			throw new Error(`the stream was refused with ${stream.status}`);
		}
		let n = 0;
		const take = () => {
			for (; n < stream.events.length; n++) {
				this.record(stream.events[n]);
			}
		};
		stream.listeners.add(take);
		take();
		return stream;
	}

	record({ id, raw, data }) {
		this.cursor = id ?? this.cursor;
		if (data.type === 'room.gap') {
			this.gaps.push({ ...data, nAcknowledged: 0 });
			this.seen = [];
			this.last = data.data.to;
		} else if (data.seq) {
			this.seen.push({ seq: data.seq, raw });
			this.last = data.seq;
		}
	}

	// Comes back whenever the stream is over.
	async stay() {
		while (!this.leaving) {
			await new Promise((resolve) => {
				const look = () => this.stream.ended && resolve();
				this.stream.listeners.add(look);
				look();
			});
			for (let stream; !this.leaving && !stream; await sleep(20)) {
				stream = await this.open().catch(() => {
					this.nFailed++;
				});
				this.stream = stream ?? this.stream;
			}
		}
	}

	async leave() {
		this.leaving = true;
		this.stream.close();
		await this.staying;
	}
}
