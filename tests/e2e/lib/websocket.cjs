// For --require: gives a Node that has no WebSocket of its own (before 22) that of the `ws` package, as a browser would have one.
globalThis.WebSocket ??= require('ws').WebSocket;
