/*
 * The server's own log: what an operation did that concerns people wherever they are connected. It is a room like any other in the database, with a fixed
 * number: private, without a name and without members, so that no command finds it. Its events are notices (user_notice.h).
 *
 * Where others write too, each operation puts its notices there in its own transaction: none is lost, and none tells what did not happen. An instance
 * follows the log as it follows a room (chat/server_log.h). Where nobody else writes, nothing is stored.
 *
 * The log is locked last, behind all rooms and accounts that a transaction waits for (batch_lock_log()): who waits for those does not hold up everybody. A message
 * has no notice: who is connected elsewhere gets the message itself, and its author's mark moves with it there. So sends do not lock the log.
 *
 * Notices are kept for SERVER_LOG_KEPT_MS. The newest one stays.
 *
 * Pure; any thread.
 */
#ifndef PARLEY_STORE_NOTICES_H
#define PARLEY_STORE_NOTICES_H

#include "store/store.h"
#include "store/user_notice.h"

/* The numbers of rooms end before it: migration/003 and the SQL of store/work/ say so. */
#define SERVER_LOG_ROOM_NO ((UINT64_C(1) << 27) - 2)
#define SERVER_LOG_ROOM_NO_SQL "134217726"
#define SERVER_LOG_KEPT_MS (INT64_C(24) * 60 * 60 * 1000)

enum { OP_NOTICES_MAX = 2 };

/* Before it is done: whether it may have notices. */
bool op_may_have_notices(const struct store_op *op);
/* When it is done, with result 0 and its events not yet handed on: its notices, in their order. (Those of STORE_GUESTS_END are those of its leaves.) */
size_t op_notices(const struct store_op *op, struct user_notice out[OP_NOTICES_MAX]);

#endif
