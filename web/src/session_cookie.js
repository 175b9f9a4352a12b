// The session's cookie lasts as long as its token that is not used. The WebSocket uses the token and cannot set the cookie, so once a day a command over HTTP
// does: the server sets the cookie again with each that it signed in.

import { post } from './connection.js';
import { keep, recall } from './storage.js';

const KEY = 'cookie_set';
const RENEW_MS = 24 * 60 * 60 * 1000;

/** The server has just set it. */
export const cookieWasSet = () => keep(KEY, Date.now());

/** To be called from time to time while signed in. */
export async function renewCookie() {
	const before = recall(KEY);
	if (Math.abs(Date.now() - before) < RENEW_MS)
		return;
	cookieWasSet(); /* other tabs need not do it too */
	await post('room.list', { limit: 1 }).catch(() => keep(KEY, before));
}
