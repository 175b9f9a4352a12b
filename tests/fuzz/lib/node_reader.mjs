// Node's own HTTP server as a reader of requests, over a stream in memory: a strict parser that nobody of ours wrote.
import http from 'node:http';
import { Duplex } from 'node:stream';

const TURNS_MAX = 50; // requests tell of their ends some turns later than the wire of its own

class Wire extends Duplex {
	_read() {}

	_write(chunk, encoding, done) {
		done();
	}

	setTimeout() {}

	setNoDelay() {}

	setKeepAlive() {}
}

// What Node reads from these bytes: {requests: [{method, target, version, fields, body, whole}], error}. Each wire has its list.
export class NodeReader {
	constructor() {
		this.server = http.createServer({ insecureHTTPParser: false, maxHeaderSize: 1 << 20 });
		const take = (request, response) => {
			const { readings } = request.socket;
			const one = { method: request.method, target: request.url, version: request.httpVersion, fields: [], body: '', whole: false, isOver: false };
			for (let i = 0; i < request.rawHeaders.length; i += 2) {
				one.fields.push([request.rawHeaders[i], request.rawHeaders[i + 1]]);
			}
			readings.requests.push(one);
			request.setEncoding('latin1').on('data', (text) => { one.body += text; });
			request.on('end', () => { one.whole = request.complete; });
			request.on('close', () => {
				one.whole = request.complete;
				one.isOver = true;
			});
			request.on('error', () => {});
			response.end();
		};
		for (const event of ['request', 'checkContinue', 'checkExpectation']) {
			this.server.on(event, take);
		}
		this.server.on('clientError', (error, wire) => {
			wire.readings.error = error.code ?? error.message;
			wire.destroy();
		});
	}

	read(bytes) {
		const wire = new Wire();
		wire.readings = { requests: [], error: undefined };
		return new Promise((resolve) => {
			wire.on('error', () => {});
			let turns = TURNS_MAX;
			const over = () => {
				if (turns-- > 0 && wire.readings.requests.some((one) => !one.isOver)) {
					setImmediate(over);
				} else {
					wire.destroy();
					resolve(wire.readings);
				}
			};
			wire.on('end', over);
			wire.on('close', over);
			this.server.emit('connection', wire);
			wire.push(Buffer.from(bytes, 'latin1'));
			wire.push(null);
		});
	}
}
