/*
 * What the schemas say of each command besides its members: who may call it, and how long its answer is. Constant; any thread.
 */
#ifndef PARLEY_COMMAND_RIGHTS_H
#define PARLEY_COMMAND_RIGHTS_H

#include "codec/request_decode.h"

enum access {
	ACCESS_ANYONE,   /* also before signing in */
	ACCESS_USER,     /* signed in */
	ACCESS_MEMBER,   /* signed in, and a member of the room that `data.room` names: call->member is set */
	ACCESS_OPERATOR, /* came in over the operator's socket */
};

enum access rights_access(enum command command);
/* Whether its answer is a page, which may be large. */
bool rights_answers_page(enum command command);

#endif
