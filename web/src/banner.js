// Tells the state of the connection, and what happens to the messages that the person writes.

import { sentence } from './view_sign_in.js';

/** A shorter loss is not told. */
export const BANNER_AFTER_MS = 2000;

/** Returns the text, which is empty when there is nothing to tell. @param {import('./connection.js').Connection} connection @param {() => void} changed called at the time at which the text changes */
export function bannerText({ isReachable, isOffline, lostAt, trouble }, changed) {
	const gone = Date.now() - lostAt;
	if (isOffline)
		return 'No network… what you write is saved and will be sent automatically.';
	if (isReachable || !lostAt)
		return '';
	if (gone < BANNER_AFTER_MS) {
		setTimeout(changed, BANNER_AFTER_MS - gone + 20);
		return '';
	}
	return trouble ? `${sentence(trouble)} What you write is saved.` : 'Reconnecting… what you write is saved and will be sent automatically.';
}
