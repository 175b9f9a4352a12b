// A bounded part of a room's log: one run of events without holes. It grows at one end and is cut at the other.

/** @typedef {{type: string, id: string, timestamp: string, room: string, seq: number, data: any}} LogEvent */

export const WINDOW_EVENTS = 300;
export const PAGE_EVENTS = 100;

export class RoomWindow {
	constructor() {
		/** @type {LogEvent[]} ascending by seq */
		this.events = [];
		this.hasOlder = true;
		/** Whether it holds the newest event of the room. Live events then belong to its end. */
		this.atEnd = true;
		/** The last seq that this connection or an earlier one was given. A resume begins there. */
		this.cursor = 0;
		/** Set while the first page is under way. Events that arrive meanwhile are added to it. */
		this.filling = true;
		/** Set after the server skipped what was missed. */
		this.skipped = false;
	}

	get firstSeq() {
		return this.events[0]?.seq ?? 0;
	}

	get lastSeq() {
		return this.events.at(-1)?.seq ?? 0;
	}

	/** Whether another page fits. Otherwise it removes events at the other end. */
	get hasRoom() {
		return this.events.length + PAGE_EVENTS <= WINDOW_EVENTS;
	}

	/** Takes the first page. @param {LogEvent[]} page @param {boolean} hasOlder @param {number} roomLastSeq */
	fill(page, hasOlder, roomLastSeq) {
		const last = page.at(-1)?.seq ?? 0;
		const live = this.events.filter((e) => e.seq > last);
		this.atEnd = last >= roomLastSeq || live[0]?.seq === last + 1;
		this.events = this.atEnd ? page.concat(live) : page;
		this.hasOlder = hasOlder;
		this.cursor = Math.max(this.cursor, roomLastSeq);
		this.filling = false;
	}

	/** Takes a live or resumed event. Returns false when the event was known. @param {LogEvent} event @param {boolean} following the reader is at the end */
	append(event, following) {
		if (event.seq <= this.cursor)
			return false;
		this.cursor = event.seq;
		if (!this.atEnd)
			return true;
		this.events.push(event);
		if (this.events.length > WINDOW_EVENTS && !this.filling) {
			if (following) {
				this.events.splice(0, this.events.length - WINDOW_EVENTS);
				this.hasOlder = true;
			} else {
				this.events.pop();
				this.atEnd = false;
			}
		}
		return true;
	}

	/** @param {LogEvent[]} page the events right before the first @param {boolean} more */
	prepend(page, more) {
		this.events = page.filter((e) => e.seq < this.firstSeq || !this.events.length).concat(this.events);
		this.hasOlder = more;
		if (this.events.length > WINDOW_EVENTS) {
			this.events.length = WINDOW_EVENTS;
			this.atEnd = false;
		}
	}

	/** @param {LogEvent[]} page the events right after the last */
	extend(page) {
		this.events = this.events.concat(page.filter((e) => e.seq > this.lastSeq));
		this.atEnd = this.lastSeq >= this.cursor;
		if (this.events.length > WINDOW_EVENTS) {
			this.events.splice(0, this.events.length - WINDOW_EVENTS);
			this.hasOlder = true;
		}
	}

	/** Called when the server skips all up to and including `to`. The window begins anew behind it. @param {number} to */
	skip(to) {
		this.events = [];
		this.cursor = to;
		this.hasOlder = true;
		this.atEnd = true;
		this.skipped = true;
	}
}
