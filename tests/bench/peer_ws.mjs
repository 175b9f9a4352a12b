// A bare broadcast: every text that comes in goes to everybody, as it is. Nothing is stored, nobody signs in, there is one room.
// The least that a chat server in this language could cost, measured by the same instrument beside Parley.
// Prints the port on which it listens.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const http = createServer();
const sockets = new WebSocketServer({ server: http, path: '/ws', perMessageDeflate: false, skipUTF8Validation: true });

sockets.on('connection', (socket) => {
	socket.on('error', () => {});
	socket.on('message', (text) => {
		for (const other of sockets.clients)
			other.send(text, { binary: false });
	});
});
http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(http.address().port));
process.on('SIGTERM', () => process.exit(0));
