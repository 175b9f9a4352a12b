// The line below the composer that tells who is typing.

import { roomPart } from './components.js';
import { h } from './dom.js';
import { nameList } from './rows.js';
import { withoutBidiControls } from './text.js';

/** "Ana is typing…" @param {any} room @param {number} now */
function typingText(room, now) {
	const names = [];
	for (const [id, { name, until }] of room.typing) {
		if (until > now)
			names.push(withoutBidiControls(name));
		else
			room.typing.delete(id);
	}
	if (names.length > 3)
		return 'Several people are typing…';
	return names.length ? `${nameList(names)} ${names.length === 1 ? 'is' : 'are'} typing…` : '';
}

roomPart('below', () => {
	const element = h('div', { class: 'typing', 'aria-hidden': 'true' });
	return {
		element,
		render({ room, online }) {
			const text = online ? typingText(room, Date.now()) : '';
			if (element.textContent !== text)
				element.textContent = text;
		},
	};
});
