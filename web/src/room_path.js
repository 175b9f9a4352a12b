// The addresses of rooms: /r/ and the name of a public room, or the id. Every place that takes a name takes an id too.
//
// The id stands where a name is not enough: private rooms may share theirs with others (and their names are nothing for the logs of proxies), and browsers,
// proxies and the server read some names in an address as something else ("..", "a/b").

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NAME_MOST = 1000; /* characters in an address; servers and proxies take a few thousand */

/** @param {{id: string, name: string, kind: string}} room */
export function roomPath({ id, name, kind }) {
	const encoded = encodeURIComponent(name);
	const isOther = name === '.' || name === '..' || /[/\\]/.test(name) || ID.test(name) || encoded.length > NAME_MOST;
	return `/r/${kind === 'private' || isOther ? id : encoded}`;
}

/** What an address names: a room's name or id; nothing is ''. @param {string} path */
export function roomOfPath(path) {
	try {
		return decodeURIComponent(/^\/r\/(.+)$/.exec(path)?.[1] ?? '');
	} catch {
		return '';
	}
}
