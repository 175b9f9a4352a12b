// Builds the page's elements. Text always becomes text nodes, and no function here makes markup from a string.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. Properties that start with "on" are listeners, "class" is the class, the rest are attributes; `true` gives an
 * empty attribute, and false, null and undefined give none.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(props || {})) {
		if (name.startsWith('on'))
			element.addEventListener(name.slice(2), value);
		else if (value !== false && value !== null && value !== undefined)
			element.setAttribute(name, value === true ? '' : String(value));
	}
	element.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
	return element;
}

/**
 * An icon of the sprite in index.html.
 * @param {string} name
 */
export function icon(name) {
	const svg = document.createElementNS(SVG, 'svg');
	svg.setAttribute('aria-hidden', 'true');
	const use = document.createElementNS(SVG, 'use');
	use.setAttribute('href', `#i-${name}`);
	svg.append(use);
	return svg;
}

/**
 * A square button that shows an icon and says its label.
 * @param {string} name
 * @param {string} label
 * @param {(event: Event) => void} onclick
 * @param {Record<string, any>} [props]
 */
export function iconButton(name, label, onclick, props) {
	return h('button', { type: 'button', class: 'ib', 'aria-label': label, title: label, onclick, ...props }, icon(name));
}

/**
 * The coloured square that stands for a person; the same person has the same colour everywhere.
 * @param {{id: string, name: string}} user
 * @param {string} [kind] class of the size
 */
export function avatar(user, kind = 'av') {
	let sum = 0;
	for (let i = 0; i < user.id.length; i++)
		sum = (sum * 31 + user.id.charCodeAt(i)) >>> 0;
	const letter = [...user.name.trim()][0] || '?';
	return h('span', { class: `${kind} c${sum % 8}`, 'aria-hidden': 'true' }, letter.toLocaleUpperCase());
}

/** Whether the main way of pointing is a finger: the keyboard then covers half of the screen and comes only when asked for. */
export const byFinger = () => matchMedia('(pointer: coarse)').matches;

/**
 * Makes an action run once at a time. A second Enter or click before the first has its answer does nothing.
 * @param {HTMLElement} element says that it is busy meanwhile
 * @param {(...args: any[]) => any} action
 */
export function oneAtATime(element, action) {
	return async (/** @type {any[]} */ ...args) => {
		if (element.hasAttribute('aria-busy'))
			return;
		element.setAttribute('aria-busy', 'true');
		try {
			await action(...args);
		} finally {
			element.removeAttribute('aria-busy');
		}
	};
}

/** Keys that an input method uses, above all Enter to accept a suggestion, do not belong to the page: they reach no handler and send no form.
 * The key code 229 comes from browsers that end the composition before they report the key. */
export function leaveKeysToInputMethods() {
	addEventListener('keydown', (event) => {
		if (!event.isComposing && event.keyCode !== 229)
			return;
		event.stopPropagation();
		if (event.key === 'Enter' || event.key === 'Escape')
			event.preventDefault();
	}, { capture: true });
}

/** Puts a text on the clipboard; plain HTTP has no navigator.clipboard. @param {string} text */
export async function copyText(text) {
	if (navigator.clipboard)
		return navigator.clipboard.writeText(text);
	const before = /** @type {HTMLElement|null} */ (document.activeElement);
	const area = /** @type {HTMLTextAreaElement} */ (h('textarea', { class: 'sr', 'aria-hidden': 'true' }));
	area.value = text;
	(document.querySelector('dialog[open]') ?? document.body).append(area); /* nothing behind a dialog can be selected */
	area.select();
	const copied = document.execCommand('copy');
	area.remove();
	before?.focus();
	if (!copied)
		throw new Error('the browser does not copy');
}
