// The first screen: a name is enough where guests are allowed; an account has a password.

import { post } from './connection.js';
import { h } from './dom.js';
import { keep, recall } from './storage.js';

const MODES = {
	guest: { tab: 'Guest', title: 'Join the conversation', button: 'Join', command: 'session.start', hint: 'No account needed: pick a name and start.' },
	login: { tab: 'Sign in', title: 'Welcome back', button: 'Sign in', command: 'account.login', hint: '' },
	owner: { tab: 'Owner', title: 'This server is yours', button: 'Create the owner’s account', command: 'account.create', hint: 'At least 8 characters. This account owns the server: it may change every room.' },
	create: { tab: 'New account', title: 'Create your account', button: 'Create account', command: 'account.create', hint: 'At least 8 characters. Keeps your name yours on every device.' },
};

/** Remembers which form to show next time: the one for this kind of user. @param {string} kind of the user */
export const keepDoor = (kind) => keep('door', kind === 'guest' ? 'guest' : 'login');

export class SignInView {
	/** @param {{guests: boolean, accounts: boolean, notice: string, ownerCode?: string, done: () => void}} options ownerCode: for the owner's form */
	constructor({ guests, accounts, notice, ownerCode, done }) {
		this.done = done;
		this.ownerCode = ownerCode;
		this.busy = false;
		/** @type {keyof typeof MODES} */
		this.mode = 'login';
		this.title = h('h1', {});
		this.name = /** @type {HTMLInputElement} */ (h('input', { id: 'name', type: 'text', dir: 'auto', required: true, maxlength: '64', autocomplete: 'username', autocapitalize: 'words', spellcheck: 'false', 'aria-describedby': 'sign-in-error' }));
		this.password = /** @type {HTMLInputElement} */ (h('input', { id: 'password', type: 'password', maxlength: '256' }));
		this.passwordField = h('div', { class: 'field' }, h('label', { for: 'password' }, 'Password'), this.password);
		this.hint = h('p', { class: 'hint' });
		this.error = h('p', { class: 'st bad', id: 'sign-in-error', role: 'alert' });
		this.button = h('button', { class: 'primary' });
		const modes = /** @type {(keyof typeof MODES)[]} */ (ownerCode ? ['owner'] : [guests && 'guest', 'login', accounts && 'create'].filter(Boolean));
		this.tabs = modes.map((mode) => h('button', { type: 'button', role: 'tab', id: `tab-${mode}`, 'data-mode': mode, 'aria-controls': 'sign-in', onclick: () => this.show(mode, true) }, MODES[mode].tab));
		this.panel = h('div', { id: 'sign-in', role: modes.length > 1 && 'tabpanel' }, h('form', { onsubmit: (/** @type {Event} */ e) => this.submit(e), oninput: () => { this.error.textContent = ''; } },
			h('div', { class: 'field' }, h('label', { for: 'name' }, 'Your name'), this.name), this.passwordField, this.hint, this.error, this.button));
		this.element = h('main', { class: 'door' }, h('div', { class: 'card' },
			h('div', { class: 'ws' }, h('img', { class: 'logo', src: document.querySelector('link[rel=icon]')?.getAttribute('href'), alt: '' }), 'Parley'), this.title,
			notice && h('p', { class: 'note', role: 'status' }, notice),
			modes.length > 1 && h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'How to join', onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) }, ...this.tabs), this.panel,
			!ownerCode && !accounts && h('p', { class: 'note' }, 'Accounts on this server are made by whoever runs it.'),
			ownerCode && h('p', { class: 'note' }, h('a', { href: '/' }, 'Come in without becoming the owner')),
			!isSecureContext && h('p', { class: 'note' }, 'This page came without encryption: whoever runs the network can read along.')));
		this.show(modes.find((mode) => mode === recall('door')) ?? modes[0], false);
	}

	/** @param {keyof typeof MODES} mode @param {boolean} focus */
	show(mode, focus) {
		this.mode = mode;
		const { title, button, hint } = MODES[mode];
		this.title.textContent = title;
		this.button.textContent = button;
		this.hint.textContent = hint;
		this.hint.hidden = !hint;
		this.error.textContent = '';
		this.passwordField.hidden = mode === 'guest';
		this.password.required = mode !== 'guest';
		const isNew = MODES[mode].command === 'account.create';
		this.password.minLength = isNew ? 8 : 0;
		this.password.autocomplete = isNew ? 'new-password' : 'current-password';
		for (const tab of this.tabs) {
			const selected = tab.dataset.mode === mode;
			tab.setAttribute('aria-selected', String(selected));
			tab.tabIndex = selected ? 0 : -1;
		}
		if (this.tabs.length > 1)
			this.panel.setAttribute('aria-labelledby', `tab-${mode}`);
		if (focus)
			this.focus();
	}

	focus() {
		this.name.focus();
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
		if (!step)
			return;
		const at = this.tabs.findIndex((tab) => tab.dataset.mode === this.mode);
		const tab = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
		this.show(/** @type {keyof typeof MODES} */ (tab.dataset.mode), false);
		tab.focus();
	}

	/** @param {Event} event */
	async submit(event) {
		event.preventDefault();
		const name = this.name.value.trim();
		if (!name || this.busy)
			return;
		this.busy = true;
		this.button.setAttribute('aria-busy', 'true');
		try {
			await post(MODES[this.mode].command, this.mode === 'guest' ? { guest: name } :
				{ name, password: this.password.value, ...(this.ownerCode && { owner_code: this.ownerCode }) });
			this.done(); /* the form stays busy: the next screen comes when the session has begun */
		} catch (/** @type {any} */ error) {
			this.busy = false;
			this.button.removeAttribute('aria-busy');
			this.error.textContent = error.code === 'rate_limited' ? `Too many tries. Wait ${Math.ceil((error.retryAfterMs || 1000) / 1000)} s.` : sentence(error.message);
			(error.code === 'wrong_credentials' || error.field === 'password' ? this.password : this.name).focus();
		}
	}
}

/** Makes a sentence for people of an error's message. @param {string} text */
export const sentence = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
