// A room's incoming webhooks, in the room's details: who may, sees them, makes one, copies its address and deletes it.

import { avatar, copyText, h, oneAtATime } from './dom.js';
import { withoutBidiControls } from './text.js';
import { sentence } from './view_sign_in.js';

/** The programs whose posts an adapter reads, as people know them. */
const ADAPTERS = { slack: 'Slack and what can post to it', github: 'GitHub, Gitea, Forgejo', gitlab: 'GitLab', alertmanager: 'Alertmanager, Grafana', discord: 'Discord and what can post to it', generic: 'Any JSON, by a template' };

/** The address of a new hook. It is shown until the dialog closes. @param {string} address @param {(text: string, bad?: boolean) => void} say */
function addressField(address, say) {
	const field = /** @type {HTMLInputElement} */ (h('input', { id: 'hook-address', type: 'text', readonly: true, spellcheck: 'false', value: address, onfocus: () => field.select() }));
	const copy = h('button', { type: 'button', class: 'secondary', onclick: () => copyText(address).then(() => say('Copied.'), () => {
		field.focus();
		say('The browser does not copy. The address is selected: copy it by hand.', true);
	}) }, 'Copy');
	return h('div', { class: 'field' }, h('label', { for: 'hook-address' }, 'Its address ', h('small', {}, 'shown this once; who knows it can post')), field, copy);
}

/** What leads to a question, and who is asked: "/deploy, deploy: asks deploy.example". @param {{url: string, command?: string, words?: string[]}} asks */
function askedBy({ url, command, words = [] }) {
	const host = url.replace(/^\w+:\/\//, '').split(/[/?#]/)[0];
	return withoutBidiControls(`${[command && `/${command}`, ...words].filter(Boolean).join(', ')} asks ${host}`);
}

/** @param {{id: string, name: string, adapter: string, signed: boolean, used?: string, asks?: any}} hook @param {() => void} remove */
function hookRow(hook, remove) {
	const about = [hook.adapter, hook.signed && 'signed', hook.used ? `used ${hook.used}` : 'not used yet'].filter(Boolean).join(', ');
	return h('li', {}, avatar(hook, 'av small'), h('div', { class: 'n' }, h('div', { class: 'by' }, h('bdi', { class: 'n' }, hook.name), ' ', h('span', { class: 'kind' }, 'hook')), hook.asks && h('small', { dir: 'auto' }, askedBy(hook.asks)), h('small', {}, about)),
		h('button', { type: 'button', class: 'quiet', 'aria-label': `Delete ${hook.name}`, onclick: remove }, 'Delete'));
}

/** The form for a new one. @param {(data: any) => Promise<boolean>} create false: refused, and what was typed stays */
function createForm(create) {
	const input = (/** @type {string} */ id, /** @type {any} */ props) => /** @type {HTMLInputElement} */ (h('input', { id, type: 'text', dir: 'auto', required: true, autocomplete: 'off', ...props }));
	const name = input('hook-name', { maxlength: '64' });
	const template = input('hook-template', { maxlength: '1000', placeholder: '{user.name} signed up', spellcheck: 'false' });
	const adapter = /** @type {HTMLSelectElement} */ (h('select', { id: 'hook-adapter' }, ...Object.entries(ADAPTERS).map(([value, label]) => h('option', { value }, label))));
	const templateField = h('div', { class: 'field' }, h('label', { for: 'hook-template' }, 'Template ', h('small', {}, '{field.path} stands for a value')), template);
	const showTemplate = () => {
		templateField.hidden = adapter.value !== 'generic';
		template.disabled = templateField.hidden; /* what is hidden is not required */
	};
	adapter.addEventListener('change', showTemplate);
	showTemplate();
	const submit = oneAtATime(name, async () => {
		if (await create({ name: name.value.trim(), adapter: adapter.value, ...(!template.disabled && { template: template.value.trim() }) }))
			name.value = template.value = '';
	});
	return h('form', { onsubmit: (/** @type {Event} */ event) => {
		event.preventDefault();
		submit();
	} },
	h('div', { class: 'field' }, h('label', { for: 'hook-name' }, 'New webhook ', h('small', {}, 'the name that its posts show')), name),
	h('div', { class: 'field' }, h('label', { for: 'hook-adapter' }, 'What posts'), adapter), templateField,
	h('button', { class: 'secondary' }, 'Create webhook'));
}

/**
 * Returns what a person who may (the owner of the room or of the server) sees of the room's hooks, otherwise null. The list is asked for when it is opened.
 * @param {{room: any, me: any, request: (type: string, data: any) => Promise<any>, confirm: (options: any) => void}} options confirm: asks in a dialog of its own
 */
export function hooksPart({ room, me, request, confirm }) {
	if (room.role !== 'owner' && me.role !== 'owner')
		return null;
	const list = h('ul', { class: 'people hooks', 'aria-label': 'Incoming webhooks' });
	const made = h('div', { class: 'add' });
	const result = h('p', { class: 'st', role: 'status' });
	const say = (/** @type {string} */ text, bad = false) => {
		result.textContent = text;
		result.classList.toggle('bad', bad);
	};
	const load = async () => {
		try {
			const { hooks } = await request('hook.list', { room: room.id });
			list.replaceChildren(...hooks.map((/** @type {any} */ hook) => hookRow(hook, () => confirm({
				title: `Delete ${hook.name}?`, button: 'Delete webhook', action: () => request('hook.delete', { hook: hook.id }),
				text: `What posts to its address is refused from then on${hook.asks ? ', and its service is not asked any more' : ''}. What it posted stays.` }))));
		} catch (/** @type {any} */ error) {
			say(sentence(error.message), true);
		}
	};
	const create = async (/** @type {any} */ data) => {
		try {
			const { hook, url } = await request('hook.create', { room: room.id, ...data });
			made.replaceChildren(addressField(location.origin + url, say));
			say(`${hook.name} can post into this room.`);
			made.querySelector('button')?.focus();
			await load();
			return true;
		} catch (/** @type {any} */ error) {
			say(sentence(error.message), true);
			return false;
		}
	};
	return h('details', { class: 'more-of', ontoggle: (/** @type {Event} */ event) => /** @type {HTMLDetailsElement} */ (event.target).open && load() },
		h('summary', {}, 'Incoming webhooks'), h('p', { class: 'st' }, 'Other programs post into this room through them.'), list, made, result, createForm(create));
}
