// Makes the rows of a log from a room's events: day lines, groups by author, the "New" line, joined comings and goings. It is pure, so the list is made again
// on every change, and the page changes only the rows whose signature differs.

import { authorOf, isAction, isMentioned, summaryOf } from './digest.js';
import { MessageChanges, isDeleted } from './message_changes.js';

/** @typedef {import('./room_window.js').LogEvent} LogEvent */
/** What only this person sees, behind the event of this seq. @typedef {{id: number, text: string, from?: string, after: number}} Aside */
/** @typedef {{key: string, sig: string, kind: 'day'|'new'|'notice'|'message'|'pending'|'aside', label?: string, event?: import('./message_changes.js').Message, entry?: any, aside?: Aside,
 *   head?: boolean, own?: boolean, mayDelete?: boolean, mention?: boolean, quote?: {name: string, text: string}|null, status?: string}} Row */

const GROUP_MS = 5 * 60 * 1000;
const PATIENCE_MS = 800;
const DELETED = 'Message deleted';

const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const oldDayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** @param {Date} date @param {Date} now */
export function dayLabel(date, now) {
	const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
	if (days === 0)
		return 'Today';
	if (days === 1)
		return 'Yesterday';
	return (days > 0 && days < 180 ? dayFormat : oldDayFormat).format(date);
}

/** @param {Date} date */
export const timeLabel = (date) => timeFormat.format(date);

/** The same beside a message, where two more letters have no place. @param {Date} date */
export const shortTimeLabel = (date) => timeFormat.formatToParts(date).map(({ type, value }) => type === 'dayPeriod' ? '' : value).join('').trim();

/** What stands in the place of a deleted message. @param {import('./message_changes.js').Message} event */
export const deletedLabel = ({ change, data }) => change?.data.by.id === data.author.id ? DELETED : `${DELETED} by ${change?.data.by.name}`;

/** "Ana, Ben and 3 others". @param {string[]} names */
export function nameList(names) {
	if (names.length <= 3)
		return [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' and ');
	return `${names.slice(0, 2).join(', ')} and ${names.length - 2} others`;
}

/** Returns the line for a run of events that are no messages. Of many changes of one thing it tells the last, so that it stays one line. @param {LogEvent[]} run */
function noticeText(run) {
	let created = '', name = '', topic = '', owner = '';
	const joined = new Set(), left = new Set();
	/** @type {Map<string, string[]>} whom these added */
	const added = new Map();
	for (const { type, data } of run) {
		const by = data.by?.name ?? 'Someone';
		if (type === 'room.created')
			created = `${by} created this room`;
		if (type === 'room.updated' && data.name !== undefined)
			name = `${by} renamed the room to ${data.name}`;
		if (type === 'room.updated' && data.topic !== undefined)
			topic = data.topic ? `${by} set the topic: ${data.topic}` : `${by} cleared the topic`;
		if (type === 'member.joined' && data.by)
			added.set(by, (added.get(by) ?? []).concat(data.user.name));
		else if (type === 'member.joined' && data.role !== 'owner')
			joined.add(data.user.name);
		if (type === 'member.left')
			left.add(data.user.name);
		if (type === 'member.updated' && data.role === 'owner')
			owner = `${data.user.name} owns the room now`;
	}
	const parts = [created, name, topic].filter(Boolean);
	for (const [by, names] of added)
		parts.push(`${by} added ${nameList(names)}`);
	if (joined.size)
		parts.push(`${nameList([...joined])} joined`);
	if (left.size)
		parts.push(`${nameList([...left])} left`);
	return parts.concat(owner || []).join(' · ');
}

/**
 * @param {{events: LogEvent[], firstSeq?: number, changes?: MessageChanges, pending: any[], asides: Aside[], me: {id: string, name: string}, rules?: boolean, newAfter: number, online: boolean, now: Date}} view
 *   firstSeq: where the part of the log begins of which these are; rules: the person may delete what others wrote
 * @returns {Row[]}
 */
export function logRows({ events, firstSeq = events[0]?.seq ?? 0, changes = new MessageChanges(), pending, asides, me, rules = false, newAfter, online, now }) {
	/** @type {Row[]} */
	const rows = [];
	/** @type {LogEvent[]} */
	let run = [];
	let day = '', author = '', at = 0, isNewShown = newAfter < 0;
	const shown = events.map((e) => changes.shown(e));
	const bySeq = new Map(shown.map((e) => [e.seq, e]));
	const flushRun = () => {
		const label = run.length ? noticeText(run) : '';
		if (label)
			rows.push({ kind: 'notice', key: `n${run[0].seq}`, sig: label, label });
		run = [];
	};
	const startDay = (/** @type {Date} */ date, /** @type {number|string} */ seq) => {
		const label = dayLabel(date, now);
		if (label === day)
			return;
		flushRun();
		day = label;
		author = '';
		rows.push({ kind: 'day', key: `d${seq}`, sig: label, label });
	};
	/* Those that are behind what came before this seq. */
	let asideAt = asides.findIndex(({ after }) => !(after < firstSeq - 1));
	const flushAsides = (/** @type {number} */ before) => {
		for (let aside; (aside = asides[asideAt]) && aside.after < before; asideAt++) {
			flushRun();
			author = '';
			rows.push({ kind: 'aside', key: `a${aside.id}`, sig: '', aside });
		}
	};
	const quoteOf = (/** @type {number|undefined} */ seq) => {
		const quoted = seq && bySeq.get(seq);
		if (!quoted || quoted.type !== 'message.created')
			return seq ? { name: '', text: 'an earlier message' } : null;
		return { name: authorOf(quoted.data).name, text: isDeleted(quoted) ? DELETED : summaryOf(quoted.data) };
	};
	for (const event of shown) {
		const date = new Date(event.timestamp);
		flushAsides(event.seq);
		startDay(date, event.seq);
		if (event.type !== 'message.created') {
			run.push(event);
			author = '';
			continue;
		}
		flushRun();
		const own = event.data.author.id === me.id;
		if (!isNewShown && event.seq > newAfter && !own) {
			isNewShown = true;
			author = '';
			rows.push({ kind: 'new', key: 'new', sig: '' });
		}
		const gone = isDeleted(event);
		const quote = gone ? null : quoteOf(event.data.reply_to);
		const by = event.data.as?.name ? `${event.data.author.id} ${event.data.as.name}` : event.data.author.id;
		const isAct = isAction(event.data) && !gone;
		const head = !isAct && (by !== author || date.getTime() - at > GROUP_MS || quote !== null);
		const mention = !own && isMentioned(event.data, me.name);
		const mayDelete = (own || rules) && !gone;
		const sig = `${head}${mention}${mayDelete}${event.change?.seq}${quote?.name} ${quote?.text}`;
		rows.push({ kind: 'message', key: `m${event.id}`, sig, event, head, own, mayDelete, mention, quote });
		author = isAct ? '' : by;
		at = date.getTime();
	}
	flushRun();
	flushAsides(Infinity);
	const arrived = new Set(events.map((e) => e.data.client_id).filter(Boolean));
	const lastSeq = events.at(-1)?.seq ?? 0;
	for (const entry of pending) {
		if (arrived.has(entry.client_id) || (entry.seq && entry.seq <= lastSeq))
			continue;
		startDay(now, 'pending');
		const head = author !== me.id || now.getTime() - at > GROUP_MS;
		const status = entry.state === 'failed' ? 'failed' : entry.state === 'sent' ? '' : !online ? 'Waiting for connection' :
			now.getTime() - entry.at > PATIENCE_MS ? 'Sending…' : '';
		rows.push({ kind: 'pending', key: `p${entry.client_id}`, sig: `${head}${status}`, entry, head, own: true, status, quote: quoteOf(entry.reply_to) });
		author = me.id;
		at = now.getTime();
	}
	return rows;
}
