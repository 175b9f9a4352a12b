// A bounded part of a room's log: one run of events without holes. It grows at one end and is cut at the other. Changes of messages are part of the run and not
// among the events that it holds: a program that changes one message a thousand times pushes no other message out.

import { MessageChanges, isChange } from './message_changes.js';

/** @typedef {{type: string, id: string, timestamp: string, room: string, seq: number, data: any}} LogEvent */

export const WINDOW_EVENTS = 300;
export const PAGE_EVENTS = 100;
/* No more of the log is read without being asked for, where it has many changes and few messages. */
const SPAN_EVENTS = 3000;

/** @param {LogEvent[]} events */
const withoutChanges = (events) => events.filter((e) => !isChange(e));

export class RoomWindow {
	constructor() {
		/** @type {LogEvent[]} ascending by seq, without the changes */
		this.events = [];
		/** The ends of the run; 0 while there is none. */
		this.firstSeq = 0;
		this.lastSeq = 0;
		/** What changed its messages, from any part of the log. */
		this.changes = new MessageChanges();
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

	/** Whether another page fits. Otherwise it removes events at the other end. */
	get hasRoom() {
		return this.events.length + PAGE_EVENTS <= WINDOW_EVENTS && this.lastSeq - this.firstSeq < SPAN_EVENTS;
	}

	/** Takes what events, which need not be of the window, change of messages. The message may be on a page that is still under way. @param {LogEvent[]} events */
	learn(events) {
		this.changes.take(events);
	}

	/** Forgets changes of messages that are not in the window, when there are many. A page that brings such a message brings its change too. */
	tidy() {
		if (this.changes.newest.size > 2 * WINDOW_EVENTS)
			this.changes.keep(this.events);
	}

	cutStart() {
		if (this.events.length <= WINDOW_EVENTS)
			return;
		this.events.splice(0, this.events.length - WINDOW_EVENTS);
		this.firstSeq = this.events[0].seq;
		this.hasOlder = true;
	}

	/** Takes the first page. @param {LogEvent[]} page @param {boolean} hasOlder @param {number} roomLastSeq */
	fill(page, hasOlder, roomLastSeq) {
		const last = page.at(-1)?.seq ?? 0;
		const goesOn = this.lastSeq > last && this.firstSeq <= last + 1;
		this.atEnd = last >= roomLastSeq || goesOn;
		this.events = withoutChanges(page).concat(this.atEnd ? this.events.filter((e) => e.seq > last) : []);
		this.firstSeq = page[0]?.seq ?? (this.atEnd ? this.firstSeq : 0);
		this.lastSeq = this.atEnd ? Math.max(last, this.lastSeq) : last;
		this.hasOlder = hasOlder;
		this.cursor = Math.max(this.cursor, roomLastSeq);
		this.filling = false;
	}

	/** Takes a live or resumed event. Returns false when the event was known. @param {LogEvent} event @param {boolean} following the reader is at the end */
	append(event, following) {
		if (event.seq <= this.cursor)
			return false;
		this.cursor = event.seq;
		this.learn([event]);
		this.tidy();
		if (!this.atEnd)
			return true;
		if (!isChange(event) && this.events.length >= WINDOW_EVENTS && !this.filling && !following) {
			this.atEnd = false;
			return true;
		}
		this.firstSeq ||= event.seq;
		this.lastSeq = event.seq;
		this.events.push(...withoutChanges([event]));
		if (!this.filling)
			this.cutStart();
		return true;
	}

	/** @param {LogEvent[]} page the events right before the first @param {boolean} more */
	prepend(page, more) {
		const older = page.filter((e) => e.seq < this.firstSeq || !this.firstSeq);
		this.events = withoutChanges(older).concat(this.events);
		this.lastSeq ||= older.at(-1)?.seq ?? 0;
		this.firstSeq = older[0]?.seq ?? this.firstSeq;
		this.hasOlder = more;
		if (this.events.length > WINDOW_EVENTS) {
			this.events.length = WINDOW_EVENTS;
			this.lastSeq = this.events[WINDOW_EVENTS - 1].seq;
			this.atEnd = false;
		}
	}

	/** @param {LogEvent[]} page the events right after the last */
	extend(page) {
		const newer = page.filter((e) => e.seq > this.lastSeq);
		this.events = this.events.concat(withoutChanges(newer));
		this.firstSeq ||= newer[0]?.seq ?? 0;
		this.lastSeq = newer.at(-1)?.seq ?? this.lastSeq;
		this.atEnd = this.lastSeq >= this.cursor;
		this.cutStart();
	}

	/** Called when the server skips all up to and including `to`. The window begins anew behind it. @param {number} to */
	skip(to) {
		this.events = [];
		this.firstSeq = this.lastSeq = 0;
		this.changes = new MessageChanges();
		this.cursor = to;
		this.hasOlder = true;
		this.atEnd = true;
		this.skipped = true;
	}
}
