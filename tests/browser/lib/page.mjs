// A person with a browser of their own: the real page in Debian's Chromium, and what must hold on every page, checked when the test ends:
// no error in the console, no violation of the Content-Security-Policy, no request to anybody but the server.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Client } from '../../e2e/lib/client.mjs';
import { scaled } from '../../e2e/lib/env.mjs';

// The same engine of the same package without windows takes half the processor's time.
const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function launch() {
	assert.ok(CHROMIUM && existsSync(CHROMIUM), `no browser${CHROMIUM ? ` at ${CHROMIUM}` : ''}: install Debian's chromium-headless-shell, or name one in CHROMIUM`);
	return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

// What a browser logs by itself when the server is away or refuses; tests make both happen.
const EXPECTED = /WebSocket connection to|Failed to load resource: (net::ERR|the server responded with a status of (401|403|409|429))/;

export class Person {
	constructor(context, page, url) {
		this.context = context;
		this.page = page;
		this.url = url;
		this.faults = [];
		this.expected = [EXPECTED]; // a test adds what it makes the browser say
		this.requests = [];
		page.on('console', (message) => {
			if (message.type() === 'error' && !this.expected.some((text) => text.test(message.text()))) {
				this.faults.push(`console: ${message.text()}`);
			}
		});
		page.on('pageerror', (error) => this.faults.push(`uncaught: ${error.stack}`));
		page.on('request', (request) => this.requests.push(request.url()));
		page.on('websocket', (socket) => {
			this.requests.push(socket.url());
			this.watch(socket);
		});
	}

	// What is asked on a WebSocket, and which refs are not answered yet.
	watch(socket) {
		this.asked = [];
		this.unanswered = new Set();
		socket.on('framesent', (frame) => {
			const request = JSON.parse(frame.payload);
			this.asked.push(request);
			this.unanswered.add(request.ref);
		});
		socket.on('framereceived', (frame) => this.unanswered.delete(JSON.parse(frame.payload).ref));
	}

	// Waits until the page has drawn n frames: what it does at once, or in the next one, is done.
	draws(n = 3) {
		return this.page.evaluate((frames) => new Promise((resolve) => {
			const next = () => (frames-- > 0 ? requestAnimationFrame(next) : setTimeout(resolve));
			next();
		}), n);
	}

	// A fresh browser profile at the server's page. options: those of a Playwright context.
	static async open(t, browser, url, options = {}, path = '/') {
		const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, ...options });
		context.setDefaultTimeout(scaled(30000));
		await context.addInitScript(() => {
			document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
		});
		const person = new Person(context, await context.newPage(), url);
		t.after(() => person.close());
		await person.page.goto(url + path);
		return person;
	}

	// The same, joined as a guest and looking at the first room.
	static async join(t, browser, url, name, options, path) {
		const person = await Person.open(t, browser, url, options, path);
		await person.page.locator('#name').fill(name);
		await person.page.keyboard.press('Enter');
		await person.inRoom(path ? decodeURIComponent(path.slice(3)) : 'general');
		return person;
	}

	async close() {
		const own = new URL(this.url).host;
		await this.context.close();
		assert.deepEqual(this.faults, []);
		assert.deepEqual(this.requests.filter((url) => /^(http|ws)s?:/.test(url) && new URL(url).host !== own), [], 'requests to others than the server');
	}

	get composer() {
		return this.page.locator('#composer');
	}

	// Another connection of the same person, like another tab's; straight to the server where the page goes through a proxy.
	async session(server) {
		const [cookie] = await this.context.cookies();
		return Client.start(server, {}, { headers: { Cookie: `${cookie.name}=${cookie.value}`, Origin: this.url, Host: new URL(this.url).host } });
	}

	// Another tab of the same browser, watched like the first.
	async tab(t, path = '/') {
		const tab = new Person(this.context, await this.context.newPage(), this.url);
		t.after(() => assert.deepEqual(tab.faults, []));
		await tab.page.goto(this.url + path);
		return tab;
	}

	inRoom(name) {
		return this.page.locator('.hd h1', { hasText: name }).waitFor();
	}

	async say(text) {
		await this.composer.fill(text);
		await this.composer.press('Enter');
	}

	message(text) {
		return this.page.locator('article', { hasText: text });
	}

	// Waits until a message is in the log as sent (not on its way).
	sees(text, timeoutMs = 30000) {
		return this.page.locator('article:not(.pend)', { hasText: text }).first().waitFor({ timeout: scaled(timeoutMs) });
	}

	texts() {
		return this.page.locator('article .body').evaluateAll((bodies) => bodies.map((body) => [...body.querySelectorAll(':scope > p:not(.st):not(.quote)')].map((p) => p.textContent).join('\n')));
	}

	row(name) {
		return this.page.locator('.side a.row', { has: this.page.locator(`bdi:text-is("${name}")`) });
	}

	async go(name) {
		await this.row(name).click();
		await this.inRoom(name);
	}

	// How many unread the list shows for a room (0: none).
	async unread(name) {
		const [count] = await this.row(name).locator('.count').allTextContents(); // looked at once: it may go at any moment
		return Number(count ?? 0);
	}

	async createRoom(name, isPrivate = false) {
		await this.page.getByRole('button', { name: 'New room' }).click();
		await this.page.locator('#room-name').fill(name);
		if (isPrivate) {
			await this.page.locator('#room-private').check();
		}
		await this.page.keyboard.press('Enter');
		await this.inRoom(name);
	}

	log() {
		return this.page.locator('.log');
	}

	// Where the log is scrolled to, as distance from its end in pixels.
	fromEnd() {
		return this.log().evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
	}
}
