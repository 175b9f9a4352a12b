/*
 * libpq, loaded when a PostgreSQL database is first asked for. It brings libraries of its own (LDAP, Kerberos), which take 3 MiB of memory: a server that
 * keeps everything in an SQLite file has none of them, and needs no libpq on its machine. The functions are called by their usual names.
 *
 * Loading is for one thread, before another one uses a connection. Source: dlopen(3).
 */
#ifndef PARLEY_STORE_POSTGRES_LIBPQ_H
#define PARLEY_STORE_POSTGRES_LIBPQ_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* clang-format off */
#define LIBPQ_TABLE(X) \
	X(clear) X(cmdStatus) X(connectPoll) X(connectStartParams) X(conninfo) X(conninfoFree) X(conninfoParse) X(consumeInput) X(db) \
	X(enterPipelineMode) X(errorMessage) X(exitPipelineMode) X(finish) X(flush) X(freemem) X(ftype) X(getResult) X(getisnull) \
	X(getlength) X(getvalue) X(host) X(isBusy) X(nfields) X(ntuples) X(parameterStatus) X(pipelineSync) X(port) \
	X(resultErrorField) X(resultStatus) X(sendPrepare) X(sendQuery) X(sendQueryParams) X(sendQueryPrepared) X(serverVersion) \
	X(setNoticeReceiver) X(setSingleRowMode) X(setnonblocking) X(socket) X(status) X(transactionStatus) X(user)
/* clang-format on */

struct libpq {
#define X(name) __typeof__(&(PQ##name)) PQ##name##_;
	LIBPQ_TABLE(X)
#undef X
};

/* Set by libpq_load(), and constant from then on. */
extern struct libpq libpq;

enum { LIBPQ_REASON_BYTES = 250 };

/* Loads it once. False, with a sentence that says what to install. */
bool libpq_load(char *reason, size_t n);

#define PQclear (libpq.PQclear_)
#define PQcmdStatus (libpq.PQcmdStatus_)
#define PQconnectPoll (libpq.PQconnectPoll_)
#define PQconnectStartParams (libpq.PQconnectStartParams_)
#define PQconninfo (libpq.PQconninfo_)
#define PQconninfoFree (libpq.PQconninfoFree_)
#define PQconninfoParse (libpq.PQconninfoParse_)
#define PQconsumeInput (libpq.PQconsumeInput_)
#define PQdb (libpq.PQdb_)
#define PQenterPipelineMode (libpq.PQenterPipelineMode_)
#define PQerrorMessage (libpq.PQerrorMessage_)
#define PQexitPipelineMode (libpq.PQexitPipelineMode_)
#define PQfinish (libpq.PQfinish_)
#define PQflush (libpq.PQflush_)
#define PQfreemem (libpq.PQfreemem_)
#define PQftype (libpq.PQftype_)
#define PQgetResult (libpq.PQgetResult_)
#define PQgetisnull (libpq.PQgetisnull_)
#define PQgetlength (libpq.PQgetlength_)
#define PQgetvalue (libpq.PQgetvalue_)
#define PQhost (libpq.PQhost_)
#define PQisBusy (libpq.PQisBusy_)
#define PQnfields (libpq.PQnfields_)
#define PQntuples (libpq.PQntuples_)
#define PQparameterStatus (libpq.PQparameterStatus_)
#define PQpipelineSync (libpq.PQpipelineSync_)
#define PQport (libpq.PQport_)
#define PQresultErrorField (libpq.PQresultErrorField_)
#define PQresultStatus (libpq.PQresultStatus_)
#define PQsendPrepare (libpq.PQsendPrepare_)
#define PQsendQuery (libpq.PQsendQuery_)
#define PQsendQueryParams (libpq.PQsendQueryParams_)
#define PQsendQueryPrepared (libpq.PQsendQueryPrepared_)
#define PQserverVersion (libpq.PQserverVersion_)
#define PQsetNoticeReceiver (libpq.PQsetNoticeReceiver_)
#define PQsetSingleRowMode (libpq.PQsetSingleRowMode_)
#define PQsetnonblocking (libpq.PQsetnonblocking_)
#define PQsocket (libpq.PQsocket_)
#define PQstatus (libpq.PQstatus_)
#define PQtransactionStatus (libpq.PQtransactionStatus_)
#define PQuser (libpq.PQuser_)

#endif
