// The addresses of rooms: /r/ and the name of a public room, or the id. Every place that takes a name takes an id too.
//
// The id is used when a name is not enough. A private room may share its name with others, and its name does not belong into the logs of proxies. Browsers,
// proxies and the server also read some names in an address as something else ("..", "a/b").

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NAME_MOST = 1000; /* characters in an address; servers and proxies take a few thousand */

/** @param {{id: string, name: string, kind: string}} room */
export function roomPath({ id, name, kind }) {
	const encoded = encodeURIComponent(name);
	const isOther = name === '.' || name === '..' || /[/\\]/.test(name) || ID.test(name) || encoded.length > NAME_MOST;
	return `/r/${kind === 'private' || isOther ? id : encoded}`;
}

/** Returns the room's name or id that an address names, or ''. @param {string} path */
export function roomOfPath(path) {
	try {
		return decodeURIComponent(/^\/r\/(.+)$/.exec(path)?.[1] ?? '');
	} catch {
		return '';
	}
}
