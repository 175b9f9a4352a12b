// Adds a person to a room, in the room's details: a name and a button.

import { h, oneAtATime } from './dom.js';
import { sentence } from './view_sign_in.js';

/**
 * Returns the form for a person who may add others (the owner of the room or of the server), otherwise null.
 * @param {{room: any, me: any, request: (type: string, data: any) => Promise<any>, added: () => void}} options added: called when the list of members has changed
 */
export function addForm({ room, me, request, added }) {
	if (room.role !== 'owner' && me.role !== 'owner')
		return null;
	const name = /** @type {HTMLInputElement} */ (h('input', { id: 'add-name', type: 'text', dir: 'auto', required: true, maxlength: '64', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'add-result' }));
	const result = h('p', { class: 'st', id: 'add-result', role: 'status' });
	const say = (/** @type {string} */ text, bad = false) => {
		result.textContent = text;
		result.classList.toggle('bad', bad);
	};
	const submit = oneAtATime(name, async () => {
		const wanted = name.value.trim();
		if (!wanted)
			return;
		try {
			const { user } = await request('member.add', { room: room.id, user: wanted });
			name.value = '';
			say(`${user.name} is in this room.`);
			added();
		} catch (/** @type {any} */ error) {
			say(error.code === 'not_found' ? `There is no account named “${wanted}”.` : sentence(error.message), true);
		}
		name.focus();
	});
	return h('form', { class: 'add', oninput: () => say(''), onsubmit: (/** @type {Event} */ event) => {
		event.preventDefault();
		submit();
	} },
		h('div', { class: 'field' }, h('label', { for: 'add-name' }, 'Add someone ', h('small', {}, 'the name of their account')), name, h('button', { class: 'secondary' }, 'Add')), result);
}
