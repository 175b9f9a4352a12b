// What rows, quotes and the announcer need of a message besides its nodes. A text is parsed for this once and not at every render. The tree is not kept,
// because many rooms have many messages.

import { startOf } from './letters.js';
import { mentions } from './mentions.js';
import { parseText, plainBlocks } from './text.js';

/** @typedef {{text: string}} Message an object with a text: the data of an event, or a message on its way out. It does not change. */

const SUMMARY_CHARACTERS = 300;

/** @type {WeakMap<Message, {summary: string, name: string, isMention: boolean}>} */
const digests = new WeakMap();

/** @param {Message} message @param {string} name of whom a mention is looked for */
function digestOf(message, name) {
	const known = digests.get(message);
	if (known && (known.name === name || !name))
		return known;
	const blocks = parseText(message.text);
	const digest = { summary: startOf(plainBlocks(blocks), SUMMARY_CHARACTERS), name, isMention: name !== '' && mentions(blocks, name) };
	digests.set(message, digest);
	return digest;
}

/** The start of a text without its marks, for a quote, a label or a voice. @param {Message} message */
export const summaryOf = (message) => digestOf(message, '').summary;

/** What a message says, with its author: "Ana: hello", or "Ana waves". @param {Message & {style?: string}} message @param {string} name of the author @param {string} between */
export const saidBy = (message, name, between) => `${name}${isAction(message) ? ' ' : between}${summaryOf(message)}`;

/** Whether the text goes on from the author's name. @param {{style?: string}} message */
export const isAction = (message) => message.style === 'action';

/** Whether a message mentions the person of this name. @param {Message} message @param {string} name */
export const isMentioned = (message, name) => digestOf(message, name).isMention;

/** Whom a message is shown as from: a hook says for whom it posts, and stays a hook. @param {any} data of the event @returns {{id: string, name: string, kind: string}} */
export const authorOf = (data) => data.as?.name ? { ...data.author, name: data.as.name } : data.author;
