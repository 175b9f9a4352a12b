// The text that is pinned on the open room, above its log.

import { roomPart } from './components.js';
import { h } from './dom.js';

roomPart('above', () => {
	const text = h('p', { class: 'pinned', dir: 'auto', hidden: true });
	return {
		element: h('div', {}, text),
		render({ room }) {
			text.textContent = room.window.events.filter((/** @type {any} */ e) => e.type === 'topic.pinned').at(-1)?.data.text ?? '';
			text.hidden = !text.textContent;
		},
	};
});
