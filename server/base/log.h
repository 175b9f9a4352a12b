/*
 * Structured logs to standard error: one line per entry, text or JSON. A line holds no secret and no message text. Values are escaped
 * (text_show.h) and cut at 200 bytes. Callable from any thread. The sink is the one process-wide state of base/, because a log that every
 * function has to pass on is not used.
 *
 * No thread waits for the log (outlet.h). A line is dropped and counted when standard error has no room for it. When there is room again,
 * "log.dropped" tells how many were dropped, at any level. Lines go out whole and in the order of the calls.
 *
 *     LOG_INFO("listen.ready", LOG_S("address", address), LOG_U("port", port));
 */
#ifndef PARLEY_BASE_LOG_H
#define PARLEY_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
	const char *name;
	enum { LOG_FIELD_STRING, LOG_FIELD_UNSIGNED, LOG_FIELD_SIGNED } kind;
	union {
		const char *s;
		uint64_t u;
		int64_t i;
	} value;
};

#define LOG_S(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_STRING, .value.s = (v)})
#define LOG_U(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_UNSIGNED, .value.u = (uint64_t)(v)})
#define LOG_I(n, v) ((struct log_field){.name = (n), .kind = LOG_FIELD_SIGNED, .value.i = (int64_t)(v)})

void log_setup(enum log_format format, enum log_level least);
/* Makes standard error an outlet that does not wait. Call it before other threads begin. Without this call the log asks poll(2) before each
 * line. */
void log_open(void);
/* Counts dropped lines in the caller's counter from now on. NULL ends that. */
void log_count_dropped(_Atomic uint64_t *counter);
/* Reports dropped lines if there is room. Call it regularly, because the next line may come much later. */
void log_flush(void);
/* Prepares for the end of the process: from now on lines wait for room, a second in all. Reports dropped lines. */
void log_end(void);
/* Calls log_end() and writes "parleyd: TEXT", at any level and in any format. TEXT tells why the server does not start. */
void log_say(const char *text);
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG_AT_(level, event, ...) \
	log_write((level), (event), (const struct log_field[]){__VA_ARGS__}, \
		  sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
/* Each takes at least one field. */
#define LOG_DEBUG(event, ...) LOG_AT_(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define LOG_INFO(event, ...) LOG_AT_(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_WARN(event, ...) LOG_AT_(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT_(LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
