// What a client counts by the rule of PROTOCOL.md ("What is unread"), from the room objects, marks and events of one connection.
export class UnreadRule {
	constructor() {
		this.rooms = new Map();
		this.left = []; // rooms with a room.gap behind what was counted: to be asked for
	}

	// The reply of session.start.
	start({ user, rooms }) {
		this.me = user.id;
		this.rooms.clear();
		for (const room of rooms) {
			this.put(room);
		}
	}

	// A room object, from any reply or event.
	put({ id, last_seq, messages, read_seq, read_messages }) {
		const known = this.rooms.get(id);
		if (!known) {
			this.rooms.set(id, { last_seq, messages, read_seq, read_messages });
			return;
		}
		if (last_seq >= known.last_seq) {
			Object.assign(known, { last_seq, messages });
		}
		this.mark(known, { read_seq, read_messages });
	}

	mark(room, { read_seq, read_messages }) {
		if (read_seq > room.read_seq) {
			Object.assign(room, { read_seq, read_messages });
		}
	}

	// The reply of read.mark, or the data of read.marked.
	marked(id, mark) {
		if (this.rooms.has(id)) {
			this.mark(this.rooms.get(id), mark);
		}
	}

	event({ type, room: id, seq, data }) {
		if (type === 'room.added') {
			this.put(data);
		} else if (type === 'room.removed') {
			this.rooms.delete(id);
		} else if (type === 'read.marked') {
			this.marked(id, data);
		} else if (type === 'room.gap' && data.to > this.rooms.get(id).last_seq) {
			this.left.push(id);
		} else if (seq !== undefined && seq > (this.rooms.get(id)?.last_seq ?? Infinity)) {
			this.count(this.rooms.get(id), { type, seq, data });
		}
	}

	count(room, { type, seq, data }) {
		room.last_seq = seq;
		if (type !== 'message.created') {
			return;
		}
		room.messages++;
		if (data.author.id === this.me) {
			this.mark(room, { read_seq: seq, read_messages: room.messages });
		}
	}

	of(id) {
		const room = this.rooms.get(id);
		return room && { last_seq: room.last_seq, read_seq: room.read_seq, unread: Math.max(0, room.messages - room.read_messages) };
	}
}
