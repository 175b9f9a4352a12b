// F6 goes from region to region of the page, with Shift backwards.

/** Moves the focus to the next region that is on the screen. @param {(Element|null)[]} regions each as what gets the focus there @param {boolean} isBack */
export function focusNextRegion(regions, isBack) {
	const shown = /** @type {HTMLElement[]} */ (regions.filter((r) => r && /** @type {HTMLElement} */ (r).offsetParent !== null));
	const focused = document.activeElement;
	const at = shown.findIndex((r) => r === focused || r.closest('.side')?.contains(focused) || r.contains(focused));
	shown[(at + (isBack ? shown.length - 1 : 1)) % shown.length]?.focus();
}
