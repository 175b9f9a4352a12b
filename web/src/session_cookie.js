// The session's cookie lasts as long as an unused token. The WebSocket uses the token but cannot set the cookie. So the page sends a command over HTTP once a
// day: the server sets the cookie again with each command that the cookie signed in.

import { post } from './connection.js';
import { keep, recall } from './storage.js';

const KEY = 'cookie_set';
const RENEW_MS = 24 * 60 * 60 * 1000;

/** Called when the server has set the cookie. */
export const cookieWasSet = () => keep(KEY, Date.now());

/** Call it from time to time while signed in. */
export async function renewCookie() {
	const before = recall(KEY);
	if (Math.abs(Date.now() - before) < RENEW_MS)
		return;
	cookieWasSet(); /* other tabs need not do it too */
	await post('room.list', { limit: 1 }).catch(() => keep(KEY, before));
}
