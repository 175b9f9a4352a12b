/*
 * Structured logs to standard error: one line per entry, text or JSON. Never secrets, never message texts. Values are escaped (text_show.h) and
 * cut at 200 bytes. Callable from any thread. The sink is the one process-wide state of base/: a log that must be passed around is not used.
 *
 * Nobody waits for the log (outlet.h). A line for which standard error has no room is dropped and counted; when there is room again, "log.dropped"
 * says how many, at any level. Lines go out in the order of the calls, whole.
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
/* Sees to it that standard error does not hold anybody up; before other threads begin. Without it, poll(2) is asked before each line. */
void log_open(void);
/* Adds what is dropped to a counter of the caller's from now on; NULL: no longer. */
void log_count_dropped(_Atomic uint64_t *counter);
/* Says what was dropped, if there is room. To be called now and then: the next line may be far away. */
void log_flush(void);
/* The process is about to end: from now on lines wait for their room, at most a second all together. Says what was dropped. */
void log_end(void);
/* Says "parleyd: TEXT" at any level and in any format, after log_end(): why the server does not start. */
void log_say(const char *text);
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG_AT_(level, event, ...) \
	log_write((level), (event), (const struct log_field[]){__VA_ARGS__}, \
		  sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
/* At least one field each. */
#define LOG_DEBUG(event, ...) LOG_AT_(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define LOG_INFO(event, ...) LOG_AT_(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_WARN(event, ...) LOG_AT_(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT_(LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
