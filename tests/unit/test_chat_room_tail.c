#include "cmocka_wrap.h"

#include "codec/ws_frame.h"
#include "room/room_tail.h"

#include <stdlib.h>
#include <string.h>

enum { MODEL_MAX = 40000, READERS = 5 };

/* The model: every frame that was ever appended, one after the other, as an endless stream. */
struct model_frame {
	uint64_t seq; /* 0: passing */
	size_t n;
	uint32_t tag; /* names its bytes */
};

struct model {
	struct model_frame frames[MODEL_MAX];
	size_t n_frames;
	uint32_t next_tag;
};

/* A frame of about n bytes whose payload says which one it is. */
static size_t make_frame(uint8_t *out, uint32_t tag, size_t n)
{
	size_t header = ws_frame_text_header(out, n);
	for (size_t i = 0; i < n; i++)
		out[header + i] = (uint8_t)(tag * 31 + i * 7);
	return header + n;
}

static size_t append(struct room_tail *t, struct model *m, uint64_t seq, size_t payload)
{
	uint8_t frame[70000];
	uint32_t tag = m->next_tag++;
	size_t n = make_frame(frame, tag, payload);
	assert_true(m->n_frames < MODEL_MAX);
	m->frames[m->n_frames++] = (struct model_frame){seq, n, tag};
	if (t->cap < n)
		room_tail_grow(t, (uint32_t)n);
	room_tail_append(t, seq, frame, n);
	return n;
}

/* Asserts that these bytes are whole frames of the model from *at on; moves *at behind them. */
static void assert_frames(const struct model *m, size_t *at, const uint8_t *bytes, size_t n)
{
	uint8_t frame[70000];
	size_t done = 0;
	while (done < n) {
		assert_true(*at < m->n_frames);
		const struct model_frame *f = &m->frames[(*at)++];
		struct ws_frame header;
		assert_int_equal(ws_frame_read_header(bytes + done, n - done, &header), 1);
		size_t want = make_frame(frame, f->tag, f->n - header.header_bytes);
		assert_int_equal(want, f->n);
		assert_true(done + want <= n); /* cut at a frame's end */
		assert_memory_equal(bytes + done, frame, want);
		done += want;
	}
}

static void an_empty_tail_has_nothing(void **state)
{
	(void)state;
	struct room_tail t;
	room_tail_init(&t, 7);
	assert_true(room_tail_has(&t, 7)); /* nothing is missing */
	assert_false(room_tail_has(&t, 6));
	assert_false(room_tail_has(&t, 8));
	assert_false(room_tail_fits(&t, 1, 0));
	uint64_t offset = room_tail_offset_of(&t, 7);
	size_t n = 1;
	assert_null(room_tail_span(&t, offset, 100, &n));
	assert_int_equal(n, 0);
	room_tail_empty(&t);
}

static void the_oldest_frames_make_room_and_the_rest_is_found(void **state)
{
	(void)state;
	struct room_tail t;
	struct model *m = calloc(1, sizeof(*m));
	room_tail_init(&t, 1);
	room_tail_grow(&t, 4096);
	assert_int_equal(t.cap, 4096);
	for (uint64_t seq = 1; seq <= 4; seq++)
		append(&t, m, seq, 996); /* 1000 with the header */
	assert_true(room_tail_has(&t, 1));
	assert_int_equal(room_tail_offset_of(&t, 3), 2000);
	assert_int_equal(room_tail_seq_at(&t, 2000), 3);
	assert_int_equal(room_tail_seq_at(&t, 2001), 4);
	assert_int_equal(room_tail_offset_of(&t, 5), t.head);
	assert_false(room_tail_fits(&t, 1000, t.start));
	assert_true(room_tail_fits(&t, 1000, room_tail_offset_of(&t, 3)));
	append(&t, m, 5, 996); /* across the ring's end: 1 goes */
	assert_false(room_tail_has(&t, 1));
	assert_true(room_tail_has(&t, 2));
	assert_int_equal(room_tail_offset_of(&t, 5), 4000);
	size_t n, at = 3;
	const uint8_t *bytes = room_tail_span(&t, 3000, 5000, &n);
	assert_int_equal(n, 2000); /* in one piece across the end */
	assert_frames(m, &at, bytes, n);
	assert_int_equal(at, 5);
	at = 4;
	bytes = room_tail_span(&t, 4000, 5000, &n); /* a frame that lies across */
	assert_int_equal(n, 1000);
	assert_frames(m, &at, bytes, n);
	append(&t, m, 6, 4092); /* as long as the ring, and across its end too */
	assert_int_equal(t.first_seq, 6);
	bytes = room_tail_span(&t, 5000, 5000, &n);
	assert_int_equal(n, 4096);
	assert_frames(m, &at, bytes, n);
	assert_int_equal(at, 6);
	room_tail_empty(&t);
	free(m);
}

static void what_is_read_ends_with_a_whole_frame(void **state)
{
	(void)state;
	struct room_tail t;
	struct model *m = calloc(1, sizeof(*m));
	room_tail_init(&t, 1);
	room_tail_grow(&t, 65536);
	append(&t, m, 1, 100);
	append(&t, m, 0, 40); /* passing */
	append(&t, m, 0, 40);
	append(&t, m, 2, 5000); /* longer than any write */
	append(&t, m, 3, 100);
	append(&t, m, 4, 100);
	uint64_t offset = 0;
	size_t n, at = 0;
	for (unsigned writes = 0; offset < t.head; writes++) {
		size_t before = at;
		const uint8_t *bytes = room_tail_span(&t, offset, 210, &n);
		assert_non_null(bytes);
		assert_frames(m, &at, bytes, n);
		assert_true(n <= 210 || at == before + 1); /* longer only when it is one frame */
		offset += n;
		assert_true(writes < 6);
	}
	assert_int_equal(at, 6);
	room_tail_empty(&t);
	free(m);
}

static void a_tail_that_grows_keeps_everything(void **state)
{
	(void)state;
	struct room_tail t;
	struct model *m = calloc(1, sizeof(*m));
	room_tail_init(&t, 1);
	room_tail_grow(&t, 4096);
	for (uint64_t seq = 1; t.head < 16384 + 500; seq++) {
		append(&t, m, seq, 800);
		append(&t, m, 0, 50);
	}
	assert_true(t.start < 16384 && t.head > 16384); /* it lies across the end of both rings: the hard case */
	uint64_t first = t.first_seq, offset = room_tail_offset_of(&t, first), head = t.head;
	room_tail_grow(&t, 16384);
	assert_int_equal(t.cap, 16384);
	assert_int_equal(t.first_seq, first);
	assert_int_equal(t.head, head);
	assert_int_equal(room_tail_offset_of(&t, first), offset);
	size_t n, at = 0;
	while (m->frames[at].seq != first)
		at++;
	const uint8_t *bytes = room_tail_span(&t, offset, 100000, &n);
	assert_frames(m, &at, bytes, n);
	assert_int_equal(at, m->n_frames);
	room_tail_empty(&t);
	free(m);
}

static void frames_without_a_seq_pass_through(void **state)
{
	(void)state;
	struct room_tail t;
	struct model *m = calloc(1, sizeof(*m));
	room_tail_init(&t, 9);
	room_tail_grow(&t, 4096);
	for (int i = 0; i < 100; i++) {
		append(&t, m, 0, 300);
		assert_true(t.head - t.start <= t.cap);
		assert_true(room_tail_has(&t, 9));
		assert_int_equal(room_tail_offset_of(&t, 9), t.head);
	}
	append(&t, m, 9, 300);
	uint64_t offset = room_tail_offset_of(&t, 9);
	size_t n, at = 100;
	const uint8_t *bytes = room_tail_span(&t, offset, 1000, &n);
	assert_frames(m, &at, bytes, n);
	assert_int_equal(at, 101);
	room_tail_empty(&t);
	free(m);
}

/* ---- at random ---- */

struct walker {
	uint64_t offset, next_seq;
	size_t at; /* in the model */
	bool lost;
};

static uint32_t dice(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % n;
}

static void walk(const struct room_tail *t, const struct model *m, struct walker *w, size_t max)
{
	size_t n;
	if (w->lost || w->offset < t->start) {
		w->lost = true;
		return;
	}
	const uint8_t *bytes = room_tail_span(t, w->offset, max, &n);
	size_t before = w->at;
	if (!bytes) {
		assert_int_equal(w->at, m->n_frames); /* at the head: it has read everything */
		return;
	}
	assert_frames(m, &w->at, bytes, n);
	assert_true(n <= max || w->at == before + 1);
	w->offset += n;
	w->next_seq = w->offset == t->head ? t->next_seq : room_tail_seq_at(t, w->offset);
}

/* Where the model has this seq's frame, or its end. */
static size_t place_of(const struct model *m, uint64_t seq)
{
	size_t at = m->n_frames;
	while (at > 0 && !(m->frames[at - 1].seq && m->frames[at - 1].seq < seq))
		at--;
	while (at < m->n_frames && m->frames[at].seq != seq)
		at++;
	return at;
}

/* A walker starts again from some seq that is held. */
static void enter(const struct room_tail *t, const struct model *m, struct walker *w, uint64_t seq)
{
	*w = (struct walker){.offset = room_tail_offset_of(t, seq), .next_seq = seq, .at = place_of(m, seq)};
}

static void random_run(uint64_t seed)
{
	struct room_tail t;
	struct model *m = calloc(1, sizeof(*m));
	struct walker walkers[READERS] = {0};
	uint64_t seq = 1, first = seed % 3 ? 1 : 1000000;
	seq = first;
	room_tail_init(&t, seq);
	room_tail_grow(&t, 4096);
	for (size_t i = 0; i < READERS; i++)
		enter(&t, m, &walkers[i], seq);
	for (int step = 0; step < 12000; step++) {
		uint32_t what = dice(&seed, 100);
		if (what < 50) {
			size_t payload = dice(&seed, 10) ? dice(&seed, 200) : dice(&seed, 3000);
			append(&t, m, dice(&seed, 4) ? seq++ : 0, payload);
		} else if (what < 98) {
			walk(&t, m, &walkers[dice(&seed, READERS)], 1 + dice(&seed, 1500));
		} else if (what == 98) {
			for (size_t i = 0; i < READERS; i++) {
				struct walker *w = &walkers[i];
				uint64_t from = t.first_seq + dice(&seed, (uint32_t)(t.next_seq - t.first_seq) + 1);
				if (w->lost || w->offset < t.start)
					enter(&t, m, w, from);
			}
		} else if (t.cap < 65536 && dice(&seed, 40) == 0) {
			room_tail_grow(&t, t.cap * 2);
		} else if (dice(&seed, 20) == 0) {
			room_tail_empty(&t);
			room_tail_grow(&t, 4096);
		}
		assert_true(t.head - t.start <= t.cap);
		assert_int_equal(t.next_seq, seq);
		for (uint64_t s = t.first_seq; step % 500 == 0 && s < t.next_seq; s++)
			assert_int_equal(room_tail_seq_at(&t, room_tail_offset_of(&t, s)), s);
	}
	room_tail_empty(&t);
	free(m);
}

static void frames_at_random_are_found_as_the_model_has_them(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++)
		random_run(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tail_has_nothing),
		cmocka_unit_test(the_oldest_frames_make_room_and_the_rest_is_found),
		cmocka_unit_test(what_is_read_ends_with_a_whole_frame),
		cmocka_unit_test(a_tail_that_grows_keeps_everything),
		cmocka_unit_test(frames_without_a_seq_pass_through),
		cmocka_unit_test(frames_at_random_are_found_as_the_model_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
