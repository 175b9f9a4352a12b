// The room that a newcomer lands in. It is asked for by its name, because a person who makes many rooms could push it off a list.

import { unless } from './connection.js';

const FIRST_ROOM = 'general';

/**
 * Joins the room. On an empty server it makes the room, which then has no owner. Returns null when there are rooms, but not this one.
 * @param {{request: (type: string, data: any) => Promise<any>, join: (name: string) => Promise<any>, create: (wanted: any) => Promise<any>}} ways
 */
export async function firstRoom({ request, join, create }) {
	const { rooms } = await request('room.list', { limit: 1 });
	const made = rooms.length === 0 && await create({ name: FIRST_ROOM, owned: false }).catch(unless('name_taken')); /* another newcomer may be faster */
	return made || join(FIRST_ROOM).catch(unless('not_found'));
}
