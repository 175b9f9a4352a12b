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

/** Whether a message mentions the person of this name. @param {Message} message @param {string} name */
export const isMentioned = (message, name) => digestOf(message, name).isMention;
