// What the browser keeps across reloads: drafts, unsent messages, the last open room. A browser that refuses storage loses only these.

const PREFIX = 'parley.';
/** @type {Map<string, string>} */
const fallback = new Map();

/** @param {string|null|undefined} text as it was kept */
function parsed(text) {
	try {
		return JSON.parse(text ?? 'null');
	} catch {
		return null;
	}
}

/** @param {string} key @returns {any} what was kept, or null */
export function recall(key) {
	const kept = fallback.get(PREFIX + key);
	try {
		return parsed(kept ?? localStorage.getItem(PREFIX + key));
	} catch {
		return parsed(kept);
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
	} catch { /* the browser refuses: only the fallback counts */ }
	return [...keys].filter((k) => k.startsWith(PREFIX + prefix)).map((k) => k.slice(PREFIX.length));
}

/** Reports what other tabs keep and remove. @param {(key: string, before: any, now: any) => void} changed */
export function whenOthersKeep(changed) {
	addEventListener('storage', (event) => {
		if (event.storageArea === localStorage && event.key?.startsWith(PREFIX))
			changed(event.key.slice(PREFIX.length), parsed(event.oldValue), parsed(event.newValue));
	});
}

/** What this tab alone keeps across reloads. @param {string} key @returns {any} or null */
export function keptInTab(key) {
	try {
		return parsed(sessionStorage.getItem(PREFIX + key));
	} catch {
		return null;
	}
}

/** @param {string} key @param {any} value null forgets */
export function keepInTab(key, value) {
	try {
		if (value === null)
			sessionStorage.removeItem(PREFIX + key);
		else
			sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
	} catch { /* the browser refuses: after a reload this is another tab */ }
}
