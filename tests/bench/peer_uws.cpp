// A bare publish with uWebSockets: every text that comes in goes to everybody, as it is. Nothing is stored, nobody signs in, there is one room.
// Measured by tests/bench/room beside Parley. It is no part of the build: uWebSockets is fetched and built elsewhere, as that file's --help says.
// Prints the port on which it listens.
#include "App.h"

#include <cstdio>
#include <cstdlib>

struct PerSocket {};

int main(int argc, char **argv)
{
	uWS::App app;
	app.ws<PerSocket>("/ws", {.compression = uWS::DISABLED,
				  .maxPayloadLength = 1024 * 1024,
				  .idleTimeout = 120,
				  .maxBackpressure = 16 * 1024 * 1024,
				  .open = [](auto *ws) { ws->subscribe("room"); },
				  .message = [&app](auto *, std::string_view text, uWS::OpCode) { app.publish("room", text, uWS::OpCode::TEXT, false); }});
	app.listen("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, [](us_listen_socket_t *socket) {
		if (!socket)
			exit(1);
		printf("%d\n", us_socket_local_port(0, (struct us_socket_t *)socket));
		fflush(stdout);
	});
	app.run();
}
