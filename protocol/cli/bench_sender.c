/*
 * Message number i is due at begins_at + i / rate, also when the messages before it were late. So lateness of the sender is measured: it counts as delay of
 * the server.
 */
#include "cli/bench.h"

#include "cli/bench_wire.h"
#include "codec/uid.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

/* Appends the text: the mark and as much padding as --text-bytes asks for. */
static void append_text(const struct bench *b, struct buf *out, const char mark[BENCH_MARK_BYTES])
{
	buf_append(out, mark, BENCH_MARK_BYTES);
	for (uint64_t n = BENCH_MARK_BYTES; n < b->options.text_bytes; n++)
		buf_append_byte(out, n % 8 == 1 ? ' ' : (uint8_t)('a' + n % 26));
}

/* Appends the message for a bare broadcast. It is as large as Parley's event with the same text, and is read in the same way. */
static void append_peer_event(const struct bench *b, struct buf *out, const char mark[BENCH_MARK_BYTES], uint64_t index)
{
	static const char id[] = "00000000-0000-4000-8000-000000000000";

	buf_appendf(
		out,
		"{\"type\":\"message.created\",\"id\":\"%s\",\"timestamp\":\"2026-01-31T12:00:00.123Z\",\"room\":\"%s\",\"seq\":%llu,\"data\":{\"text\":\"",
		id, id, (unsigned long long)index + 1);
	append_text(b, out, mark);
	buf_appendf(out, "\",\"author\":{\"id\":\"%s\",\"name\":\"bench %s %llu\",\"kind\":\"guest\"}}}", id, b->run,
		    (unsigned long long)(index % b->options.publishers));
}

static void append_request(const struct bench *b, struct buf *out, const char mark[BENCH_MARK_BYTES], const char *room)
{
	buf_append_str(out, "{\"type\":\"message.send\",\"ref\":\"");
	buf_append(out, mark, BENCH_MARK_BYTES);
	buf_append_str(out, "\",\"data\":{\"room\":\"");
	buf_append_str(out, room);
	if (b->options.client_ids) {
		char text[UID_TEXT_BYTES + 1];
		struct uid id;
		uid_random(&id, 1);
		uid_format(&id, text);
		buf_appendf(out, "\",\"client_id\":\"%s", text);
	}
	buf_append_str(out, "\",\"text\":\"");
	append_text(b, out, mark);
	buf_append_str(out, "\"}}");
}

struct bench_conn *bench_sender_message(const struct bench *b, uint64_t index, uint64_t stamp, struct buf *out)
{
	struct bench_conn *c = &b->conns[index % b->options.publishers];
	char mark[BENCH_MARK_BYTES];
	auto_buf text = BUF_INIT;

	bench_wire_mark(mark, stamp, (uint32_t)index);
	if (b->parley)
		append_request(b, &text, mark,
			       b->rooms[bench_room_of(b, c, index / b->options.publishers % b->options.rooms_per_reader)].id);
	else
		append_peer_event(b, &text, mark, index);
	bench_loop_frame(b, out, 0x1, (const char *)text.data, text.len);
	return c;
}

/* Tries once, under the lock. Returns the number of bytes sent, 0 when the socket or a pong that is half out is in the way, -1 when the socket is gone. */
static ssize_t send_some(const struct bench_conn *c, const struct buf *frame, size_t done)
{
	ssize_t sent = 0;

	if (c->fd < 0)
		return -1;
	/* A frame that has begun goes out whole before anything else. The lock is given back only while nothing of the frame is out. */
	if (done > 0 || c->out.len == 0)
		sent = send(c->fd, frame->data + done, frame->len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return sent;
}

/* Sends the whole frame and waits for the socket when it is full. */
static bool send_whole(struct bench *b, const struct bench_conn *c, const struct buf *frame)
{
	static const struct timespec pause = {.tv_nsec = 200000};
	size_t done = 0;
	ssize_t sent = 0;

	(void)pthread_mutex_lock(&b->write_lock);
	while (done < frame->len && sent >= 0 && b->stop == 0) {
		sent = send_some(c, frame, done);
		done += sent > 0 ? (size_t)sent : 0;
		if (sent == 0) {
			b->send_waits++;
			if (done == 0)
				(void)pthread_mutex_unlock(&b->write_lock);
			(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
			if (done == 0)
				(void)pthread_mutex_lock(&b->write_lock);
		}
	}
	(void)pthread_mutex_unlock(&b->write_lock);
	return done == frame->len;
}

static void wait_until(uint64_t due)
{
	struct timespec at = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};

	while (bench_now() < due && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

void *bench_sender_run(void *bench)
{
	struct bench *b = bench;
	uint64_t total = b->options.rate * (b->options.warmup + b->options.seconds);
	struct sched_param first = {.sched_priority = 1};

	/* Gives sending priority over reading on a shared core, if the system allows that. Otherwise the lateness shows in the report. */
	(void)pthread_setschedparam(pthread_self(), SCHED_RR, &first);
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
	for (uint64_t i = 0; i < total && b->stop == 0; i++) {
		uint64_t due = b->begins_at + (uint64_t)((double)i * 1e9 / (double)b->options.rate);
		auto_buf frame = BUF_INIT;
		wait_until(due);
		const struct bench_conn *c = bench_sender_message(b, i, due, &frame);
		if (!send_whole(b, c, &frame))
			break;
		b->sent++;
		uint64_t now = bench_now();
		bench_histogram_add(&b->lateness, now > due ? now - due : 0);
	}
	b->sender_done = 1;
	return NULL;
}

void bench_sender_refill(struct bench *b, struct bench_conn *c)
{
	auto_buf frames = BUF_INIT;

	if (!b->options.saturate || !c->is_publisher) {
		c->owed = 0;
		return;
	}
	uint64_t now = bench_now();
	if (now >= b->counts_to)
		c->owed = 0;
	for (; c->owed > 0; c->owed--) {
		/* A number that belongs to this publisher. */
		uint64_t index = b->next_index++ * b->options.publishers + c->number;
		(void)bench_sender_message(b, index, now, &frames);
		b->sent++;
	}
	bench_loop_write(b, c, &frames);
}
