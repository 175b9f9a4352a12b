// Makes the rows of a log from a room's events: day lines, groups by author, the "New" line, joined comings and goings. It is pure, so the list is made again
// on every change, and the page changes only the rows whose signature differs.

import { isMentioned, summaryOf } from './digest.js';

/** @typedef {import('./room_window.js').LogEvent} LogEvent */
/** @typedef {{key: string, sig: string, kind: 'day'|'new'|'notice'|'message'|'pending', label?: string, event?: LogEvent, entry?: any,
 *   head?: boolean, own?: boolean, mention?: boolean, quote?: {name: string, text: string}|null, status?: string}} Row */

const GROUP_MS = 5 * 60 * 1000;
const PATIENCE_MS = 800;

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
 * @param {{events: LogEvent[], pending: any[], me: {id: string, name: string}, newAfter: number, online: boolean, now: Date}} view
 * @returns {Row[]}
 */
export function logRows({ events, pending, me, newAfter, online, now }) {
	/** @type {Row[]} */
	const rows = [];
	/** @type {LogEvent[]} */
	let run = [];
	let day = '', author = '', at = 0, isNewShown = newAfter < 0;
	const bySeq = new Map(events.map((e) => [e.seq, e]));
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
	const quoteOf = (/** @type {number|undefined} */ seq) => {
		const data = seq && bySeq.get(seq)?.data;
		return !seq ? null : data?.text ? { name: data.author.name, text: summaryOf(data) } : { name: '', text: 'an earlier message' };
	};
	for (const event of events) {
		const date = new Date(event.timestamp);
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
		const quote = quoteOf(event.data.reply_to);
		const head = event.data.author.id !== author || date.getTime() - at > GROUP_MS || quote !== null;
		const mention = !own && isMentioned(event.data, me.name);
		rows.push({ kind: 'message', key: `m${event.id}`, sig: `${head}${mention}${quote?.name}`, event, head, own, mention, quote });
		author = event.data.author.id;
		at = date.getTime();
	}
	flushRun();
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
