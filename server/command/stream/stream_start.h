/* The start of an event stream, once its session is signed in: rooms, rights, cursors. */
#ifndef PARLEY_COMMAND_STREAM_STREAM_START_H
#define PARLEY_COMMAND_STREAM_STREAM_START_H

#include "chat/chat_state.h"

void stream_start(struct session *s);

#endif
