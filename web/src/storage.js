// What stays in the browser across reloads: drafts, unsent messages, the room last looked at. A browser that refuses storage loses only that.

const PREFIX = 'parley.';
/** @type {Map<string, string>} */
const fallback = new Map();

/** @param {string} key @returns {any} what was kept, or null */
export function recall(key) {
	try {
		return JSON.parse(localStorage.getItem(PREFIX + key) ?? fallback.get(PREFIX + key) ?? 'null');
	} catch {
		return null;
	}
}

/** @param {string} key @param {any} value null forgets */
export function keep(key, value) {
	const text = JSON.stringify(value);
	try {
		fallback.delete(PREFIX + key);
		if (value === null)
			localStorage.removeItem(PREFIX + key);
		else
			localStorage.setItem(PREFIX + key, text);
	} catch {
		fallback.set(PREFIX + key, text);
	}
}

/** @param {string} prefix @returns {string[]} the kept keys that start so */
export function keptKeys(prefix) {
	const keys = new Set([...fallback.keys()]);
	try {
		for (let i = 0; i < localStorage.length; i++)
			keys.add(/** @type {string} */ (localStorage.key(i)));
	} catch { /* refused: only the fallback counts */ }
	return [...keys].filter((k) => k.startsWith(PREFIX + prefix)).map((k) => k.slice(PREFIX.length));
}
