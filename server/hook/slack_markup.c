#include "hook/slack_markup.h"

#include "hook/hook_text.h"

#include <string.h>

enum piece_kind { PIECE_TEXT, PIECE_CODE, PIECE_ANGLE, PIECE_ADDRESS, PIECE_BOLD, PIECE_ITALIC, PIECE_STRUCK };

enum { N_MARKS = 3 };

/* The text, cut from left to right. */
struct piece {
	enum piece_kind kind;
	struct text text; /* of code and angle brackets: what is inside */
	bool is_pair;     /* of a mark: it has its other */
};

static const char *const our_marks[N_MARKS] = {"**", "*", "~~"};

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || ((uint8_t)c & 0x80);
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- entities and angle brackets ---- */

static size_t append_entity(struct buf *out, struct text t)
{
	static const struct {
		const char *entity;
		char stands_for;
	} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};

	for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
		size_t n = strlen(entities[i].entity);

		if (t.n >= n && memcmp(t.s, entities[i].entity, n) == 0) {
			buf_append_byte(out, (uint8_t)entities[i].stands_for);
			return n;
		}
	}
	buf_append_byte(out, (uint8_t)t.s[0]);
	return 1;
}

static void append_decoded(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.n;)
		i += append_entity(out, (struct text){.s = t.s + i, .n = t.n - i});
}

/* What is between < and >: one of Slack's references, or an address. False: it is neither, and shown as it is. */
static bool append_angle(struct buf *out, struct text t)
{
	const char *bar = memchr(t.s, '|', t.n);
	struct text target = {.s = t.s, .n = bar ? (size_t)(bar - t.s) : t.n};
	struct text label = {.s = bar ? bar + 1 : "", .n = bar ? t.n - target.n - 1 : 0};
	auto_buf decoded_target = BUF_INIT, decoded_label = BUF_INIT, shown = BUF_INIT;
	char kind = target.n > 1 ? target.s[0] : '\0';

	if (kind == '@' || kind == '#' || kind == '!') {
		target = (struct text){.s = target.s + 1, .n = target.n - 1};
		append_decoded(&decoded_label, label.n > 0 ? label : target);
		struct text word = hook_text_of(&decoded_label);
		/* `<!date^…|words>` has its words, `<!subteam^S…|@name>` its own sign. */
		bool is_words = kind == '!' && memchr(target.s, '^', target.n) != NULL;
		if (!is_words && !(word.n > 0 && (word.s[0] == '@' || word.s[0] == '#')))
			buf_append_byte(out, kind == '#' ? '#' : '@');
		hook_text_literal(out, word);
		return true;
	}
	append_decoded(&decoded_target, target);
	append_decoded(&decoded_label, label);
	struct text address = hook_text_of(&decoded_target);
	hook_text_literal(&shown, hook_text_of(&decoded_label));
	if (hook_text_is_address(address)) {
		hook_text_link(out, hook_text_of(&shown), address);
		return true;
	}
	if (address.n > 7 && (memcmp(address.s, "mailto:", 7) == 0 || memcmp(address.s, "tel:", 4) == 0)) {
		hook_text_literal(out, hook_text_of(label.n > 0 ? &decoded_label : &decoded_target));
		return true;
	}
	return false;
}

/* ---- cutting ---- */

static void add_piece(struct buf *pieces, enum piece_kind kind, const char *s, size_t n)
{
	const struct piece piece = {.kind = kind, .text = {.s = s, .n = n}};

	if (n > 0 || kind != PIECE_TEXT)
		buf_append(pieces, &piece, sizeof piece);
}

/* What is still to be found further on; a search that failed is not made again, so that cutting takes time in proportion to the text. */
struct ahead {
	bool has_blocks, has_ticks, wants_marks;
};

/* How many bytes of code, with its ticks, begin here; *inside is without. 0: none. */
static size_t code_bytes(struct text t, struct ahead *ahead, struct text *inside)
{
	bool is_block = ahead->has_blocks && t.n > 6 && memcmp(t.s, "```", 3) == 0;
	size_t n_ticks = is_block ? 3 : 1;
	bool may_be = t.n > 2 * n_ticks && (is_block || ahead->has_ticks);

	if (!is_block && t.n > 1 && t.s[1] == '`')
		return 0;
	const char *end = may_be ? memmem(t.s + n_ticks + 1, t.n - n_ticks - 1, "```", n_ticks) : NULL;

	if (end == NULL && is_block) {
		ahead->has_blocks = false;
		return code_bytes(t, ahead, inside);
	}
	ahead->has_ticks = end != NULL;
	if (end == NULL)
		return 0;
	*inside = (struct text){.s = t.s + n_ticks, .n = (size_t)(end - t.s) - n_ticks};
	return is_block || !memchr(inside->s, '\n', inside->n) ? inside->n + 2 * n_ticks : 0;
}

/* How many bytes of `<…>` begin here, where it may be one of Slack's; *inside is without the brackets. 0: none. */
static size_t angle_bytes(struct text t, struct text *inside)
{
	size_t n = 1;

	while (n < t.n && !memchr("<>\n", t.s[n], 3))
		n++;
	if (n == t.n || t.s[n] != '>' || n == 1)
		return 0;
	*inside = (struct text){.s = t.s + 1, .n = n - 1};
	return n + 1;
}

/* The address that is written as it is ends before marks and punctuation that end a sentence. */
static size_t bare_address_bytes(struct text t)
{
	size_t n = hook_text_address_bytes(t);

	while (n > 0 && strchr("*_~.,;:!?)", t.s[n - 1]))
		n--;
	return n;
}

static enum piece_kind mark_of(char c)
{
	return c == '*' ? PIECE_BOLD : c == '_' ? PIECE_ITALIC : c == '~' ? PIECE_STRUCK : PIECE_TEXT;
}

/* The piece that begins at t; 0: none does, the byte is text. *piece gets it. */
static size_t piece_at(struct text t, struct ahead *ahead, struct piece *piece)
{
	size_t n;

	*piece = (struct piece){.text = {.s = t.s, .n = 1}};
	if (t.s[0] == '`' && ahead->wants_marks) {
		piece->kind = PIECE_CODE;
		return code_bytes(t, ahead, &piece->text);
	}
	if (t.s[0] == '<') {
		piece->kind = PIECE_ANGLE;
		return angle_bytes(t, &piece->text);
	}
	if (mark_of(t.s[0]) != PIECE_TEXT && ahead->wants_marks) {
		piece->kind = mark_of(t.s[0]);
		return 1;
	}
	n = bare_address_bytes(t);
	piece->kind = PIECE_ADDRESS;
	piece->text.n = n;
	return n;
}

static void cut(struct text t, bool wants_marks, struct buf *pieces)
{
	struct ahead ahead = {.has_blocks = true, .has_ticks = true, .wants_marks = wants_marks};
	size_t done = 0, i = 0;

	while (i < t.n) {
		struct piece piece;
		size_t n = piece_at((struct text){.s = t.s + i, .n = t.n - i}, &ahead, &piece);

		if (n == 0) {
			i++;
			continue;
		}
		add_piece(pieces, PIECE_TEXT, t.s + done, i - done);
		add_piece(pieces, piece.kind, piece.text.s, piece.text.n);
		i += n;
		done = i;
	}
	add_piece(pieces, PIECE_TEXT, t.s + done, t.n - done);
}

/* ---- pairing ---- */

/* A mark opens before what is no white space and behind what is no letter, and closes the other way round. */
static bool may_open(const struct text *whole, const char *mark)
{
	const char *end = whole->s + whole->n;

	return mark + 1 < end && !is_white(mark[1]) && mark[1] != mark[0] &&
	       (mark == whole->s || (!is_word_byte(mark[-1]) && mark[-1] != mark[0]));
}

static bool may_close(const struct text *whole, const char *mark)
{
	const char *end = whole->s + whole->n;

	return mark > whole->s && !is_white(mark[-1]) && mark[-1] != mark[0] &&
	       (mark + 1 == end || (!is_word_byte(mark[1]) && mark[1] != mark[0]));
}

static void pair(struct text whole, struct piece *pieces, size_t n)
{
	struct piece *open[N_MARKS] = {NULL};

	for (struct piece *piece = pieces; piece < pieces + n; piece++) {
		if (memchr(piece->text.s, '\n', piece->text.n))
			memset(open, 0, sizeof open);
		if (piece->kind < PIECE_BOLD)
			continue;
		struct piece **opened = &open[piece->kind - PIECE_BOLD];
		if (*opened != NULL && may_close(&whole, piece->text.s)) {
			(*opened)->is_pair = piece->is_pair = true;
			/* What opened within and is not closed stays what it is. */
			for (size_t i = 0; i < N_MARKS; i++)
				if (open[i] > *opened)
					open[i] = NULL;
			*opened = NULL;
		} else if (*opened == NULL && may_open(&whole, piece->text.s)) {
			*opened = piece;
		}
	}
}

/* ---- writing ---- */

/* Slack makes links in code, too; code has the address alone. */
static void append_code(struct buf *out, struct text t)
{
	auto_buf code = BUF_INIT, decoded = BUF_INIT;

	for (size_t i = 0; i < t.n;) {
		struct text rest = {.s = t.s + i, .n = t.n - i}, link = {0};
		size_t n = rest.s[0] == '<' ? angle_bytes(rest, &link) : 0;

		if (n > 0 && hook_text_address_bytes(link) > 0) {
			const char *bar = memchr(link.s, '|', link.n);
			buf_append(&code, link.s, bar ? (size_t)(bar - link.s) : link.n);
			i += n;
		} else {
			buf_append_byte(&code, (uint8_t)rest.s[0]);
			i++;
		}
	}
	append_decoded(&decoded, hook_text_of(&code));
	hook_text_code(out, hook_text_of(&decoded));
}

/* Appends a piece that is not plain. False: it is, after all. */
static bool append_piece(struct buf *out, const struct piece *piece)
{
	switch (piece->kind) {
	case PIECE_CODE:
		append_code(out, piece->text);
		return true;
	case PIECE_ANGLE:
		return append_angle(out, piece->text);
	case PIECE_BOLD:
	case PIECE_ITALIC:
	case PIECE_STRUCK:
		if (piece->is_pair)
			buf_append_str(out, our_marks[piece->kind - PIECE_BOLD]);
		return piece->is_pair;
	case PIECE_TEXT:
	case PIECE_ADDRESS:
		break;
	}
	return false;
}

/* Pieces that are plain are put together first, so that an address that was cut at a mark is one again. */
static void append_pieces(struct buf *out, const struct piece *pieces, size_t n)
{
	auto_buf plain = BUF_INIT, made = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&made);
		if (append_piece(&made, &pieces[i])) {
			hook_text_literal(out, hook_text_of(&plain));
			buf_clear(&plain);
			if (pieces[i].kind == PIECE_CODE && memchr(hook_text_of(&made).s, '\n', made.len))
				hook_text_break(out); /* a block begins on a line of its own */
			buf_append(out, made.data, made.len);
			continue;
		}
		bool is_angle = pieces[i].kind == PIECE_ANGLE;
		if (is_angle)
			buf_append_byte(&plain, '<');
		append_decoded(&plain, pieces[i].text);
		if (is_angle)
			buf_append_byte(&plain, '>');
	}
	hook_text_literal(out, hook_text_of(&plain));
}

static void append(struct buf *out, struct text t, bool wants_marks)
{
	auto_buf pieces = BUF_INIT;

	cut(t, wants_marks, &pieces);
	struct piece *first = (struct piece *)(void *)pieces.data;
	size_t n = pieces.len / sizeof(struct piece);
	if (n > 0)
		pair(t, first, n);
	append_pieces(out, first, n);
}

void slack_markup_append(struct buf *out, struct text t)
{
	append(out, t, true);
}

void slack_plain_append(struct buf *out, struct text t)
{
	append(out, t, false);
}
