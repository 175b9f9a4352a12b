/*
 * Connections without sockets: conn_port.h for tests of chat/. Replies gather in an outbox and go out at the end of the turn,
 * as the real ones do; events are only taken while the outbox is empty. `heard` is what the client would have read, in the order
 * of the wire.
 */
#ifndef PARLEY_TESTS_FAKE_CONN_H
#define PARLEY_TESTS_FAKE_CONN_H

#include "chat/chat.h"

struct conn {
	struct session *session; /* NULL once closed */
	bool is_stream_started;
	bool blocked;             /* the socket takes nothing */
	unsigned writes_per_turn; /* 0: as many as there are */
	unsigned n_writes_now;    /* in this turn */
	bool wants_writable, is_closing;
	uint64_t write_takes_ns;
	bool is_held; /* the chat wants no more frames for now */
	enum close_reason reason;
	json_t *outbox;    /* array of replies, not yet sent */
	json_t *heard;     /* array of JSON: replies and events of a WebSocket, replies of HTTP */
	json_t *known;     /* frame → its JSON, shared by connections that hear the same events, and not changed; NULL: each is parsed */
	struct buf stream; /* what an event stream got */
	size_t n_wanted, n_written, largest_write, largest_frame;
	enum wire_error last_code;
	uint32_t last_retry_after_ms;
	uint32_t sign_in_in_ms; /* conn_await_sign_in() */
	char *cookie;           /* the last one set; NULL: none or deleted */
	bool cookie_deleted, cookie_renewed;
	uint8_t key[16];
};

struct conn *fake_conn_open(struct chat *c, const struct session_config *config);
/* Does what the network does at the end of a turn: sends the outbox, then calls session_writable() if that was asked for. True when anything happened. */
bool fake_conn_flush(struct conn *c);
/* Closes the session if it is open, and frees. Accepts NULL. */
void fake_conn_free(struct conn *c);
void fake_conn_close_session(struct conn *c);

#endif
