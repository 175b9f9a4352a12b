// What the page says about the connection, and what becomes of what one writes.

import { sentence } from './view_sign_in.js';

/** A shorter loss is not worth a word. */
export const BANNER_AFTER_MS = 2000;

/** Empty: nothing. @param {import('./connection.js').Connection} connection @param {() => void} changed called when the text will be another one by then */
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
