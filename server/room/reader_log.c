#include "room/reader_log.h"

#include "room/follower.h"
#include "room/reader.h"
#include "room/room.h"

#include <errno.h>
#include <stdlib.h>

struct log_read {
	struct store_log_page op; /* first: the store hands this back */
	struct room *room;        /* held */
	struct reader *reader;    /* NULL when it left meanwhile */
	bool arrived;
};

static void log_read_free(struct log_read *l)
{
	store_log_page_finish(&l->op);
	room_release(l->room);
	free(l);
}

static void start_waiting(struct rooms *rooms);
static void wait_in_line(struct follower *f);

static void no_longer_paging(struct reader *reader)
{
	reader->log_read = NULL;
	reader->follower->paging = NULL;
}

static void page_arrived(struct store_op *op)
{
	struct log_read *l = (struct log_read *)(void *)op;
	struct rooms *rooms = l->room->rooms;
	struct reader *reader = l->reader;
	l->arrived = true;
	rooms->n_log_pages--;
	rooms->n_pending--;
	if (!reader) {
		log_read_free(l);
	} else if (op->result == -ENOTCONN) {
		no_longer_paging(reader);
		wait_in_line(reader->follower);
		log_read_free(l);
	} else if (op->result != 0 && op->result != -EBADMSG) {
		/* The log cannot be read: the client comes back and tries again. */
		no_longer_paging(reader);
		conn_close(reader->follower->conn, CLOSE_GOING_AWAY);
		log_read_free(l);
	} else {
		reader_serve(reader);
	}
	start_waiting(rooms);
}

static void wait_in_line(struct follower *f)
{
	if (list_empty(&f->in_log_wait))
		list_append(&f->rooms->log_waiting, &f->in_log_wait);
}

static void ask_for_page(struct reader *reader)
{
	struct rooms *rooms = reader->room->rooms;
	if (reader->follower->paging)
		return; /* another reader of the session: when its page is written, all are served again */
	if (rooms->n_log_pages >= READER_LOG_PAGES || rooms->store->is_away) {
		wait_in_line(reader->follower);
		return;
	}
	struct log_read *l = mem_new(struct log_read);
	l->op = (struct store_log_page){
		.op = {.kind = STORE_LOG_PAGE, .done = page_arrived},
		.room_no = reader->room->no,
		.after_seq = reader->next_seq - 1,
		.before_seq = reader->room->feed.last_seq + 1, /* the store may have events that the room has not let out yet */
		.limit_bytes = reader_write_bytes(reader->follower),
	};
	l->room = reader->room;
	l->reader = reader;
	if (rooms->store->methods->submit(rooms->store, &l->op.op) != 0) {
		free(l);
		wait_in_line(reader->follower);
		return;
	}
	room_hold(l->room);
	reader->log_read = l;
	reader->follower->paging = reader;
	rooms->n_log_pages++;
	rooms->n_pending++;
	metric_add(&rooms->metrics->log_pages_total, 1);
}

static void start_waiting(struct rooms *rooms)
{
	while (rooms->n_log_pages < READER_LOG_PAGES && !rooms->store->is_away && !list_empty(&rooms->log_waiting)) {
		struct follower *f = list_entry(rooms->log_waiting.next, struct follower, in_log_wait);
		list_remove(&f->in_log_wait);
		follower_writable(f);
		if (!list_empty(&f->in_log_wait))
			break; /* the store is busy: all wait for the next page or the housekeeping */
	}
}

void reader_log_retry(struct rooms *rooms)
{
	start_waiting(rooms);
}

/* The page in one write: whole frames. */
static void write_page(struct reader *reader, struct store_log_page *page)
{
	struct follower *f = reader->follower;
	auto_buf frames = BUF_INIT;
	uint64_t next = reader->next_seq;
	for (size_t i = 0; i < page->n_events; i++) {
		const struct event *e = page->events[i];
		if (e->seq != next)
			break; /* only in a damaged log; the next page begins at the hole */
		buf_append(&frames, e->frame, e->frame_bytes);
		next++;
	}
	if (frames.len == 0)
		return;
	if (f->transport == TRANSPORT_STREAM)
		reader_stream_frames(reader, frames.data, frames.len);
	else
		conn_write(f->conn, frames.data, frames.len);
	metric_add(&f->rooms->metrics->deliveries_total, next - reader->next_seq);
	reader->next_seq = next;
}

/* Tells the client what cannot be read, and goes on behind it. An empty page where the room has events is damage too. */
static void pass_over(struct reader *reader, const struct store_log_page *page)
{
	uint64_t last = reader->room->feed.last_seq, to = page->damaged_to;
	if (to < reader->next_seq || to > last)
		to = last;
	reader_tell_gap(reader, reader->next_seq, to, "damaged");
	reader->next_seq = to + 1;
}

void reader_log_serve(struct reader *reader)
{
	struct follower *f = reader->follower;
	struct log_read *l = reader->log_read;
	if (!l) {
		ask_for_page(reader);
		return;
	}
	if (!l->arrived)
		return;
	if (!conn_writable(f->conn)) {
		conn_want_writable(f->conn);
		return;
	}
	uint64_t before = reader->next_seq;
	write_page(reader, &l->op);
	if (reader->next_seq == before && !room_tail_has(&reader->room->tail, before))
		pass_over(reader, &l->op);
	no_longer_paging(reader);
	log_read_free(l);
	/* When the socket has taken this page, the next one comes for the reader whose turn it is then, or from the ring. */
	list_remove(&reader->in_follower);
	list_append(&f->readers, &reader->in_follower);
	conn_want_writable(f->conn);
}

void reader_log_forget(struct reader *reader)
{
	struct log_read *l = reader->log_read;
	if (!l)
		return;
	no_longer_paging(reader);
	if (reader->follower->conn)
		conn_want_writable(reader->follower->conn); /* for the session's other readers */
	if (l->arrived)
		log_read_free(l);
	else
		l->reader = NULL;
}
