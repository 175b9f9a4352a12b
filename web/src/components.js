// Parts of the open room that add themselves: each file component_NAME.js calls roomPart() as it is loaded. The build joins all of them in front of main.js, so
// that a new one is imported by no other file.

/** @typedef {{element: HTMLElement, render: (view: {room: any, me: any, online: boolean}) => void}} RoomPart */

/** What makes the parts, by their place: above the log or below the composer. @type {{above: (() => RoomPart)[], below: (() => RoomPart)[]}} */
const makers = { above: [], below: [] };

/** Adds a part, which is rendered with the room. @param {'above'|'below'} place @param {() => RoomPart} make */
export function roomPart(place, make) {
	makers[place].push(make);
}

/** Makes the parts of a place, for one view of rooms. @param {'above'|'below'} place */
export const roomParts = (place) => makers[place].map((make) => make());
