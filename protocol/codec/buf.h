/*
 * A growable byte buffer.
 *
 * Owner: whoever embeds it; buf_finish() frees. Not thread-safe. Running out of memory ends the process.
 */
#ifndef PARLEY_CODEC_BUF_H
#define PARLEY_CODEC_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* NULL while nothing was ever appended */
	size_t len;    /* bytes in use */
	size_t cap;    /* bytes allocated */
};

#define BUF_INIT ((struct buf){0})
#define auto_buf __attribute__((cleanup(buf_finish))) struct buf

/* Frees the memory and leaves an empty buffer. Accepts a zeroed one. */
void buf_finish(struct buf *b);
/* Empties the buffer, keeping its memory. */
void buf_clear(struct buf *b);
/* Makes room for n more bytes and returns where they go; the caller adds to len what it wrote. */
uint8_t *buf_reserve(struct buf *b, size_t n);
/* Appends n bytes. */
void buf_append(struct buf *b, const void *bytes, size_t n);
/* Appends a string without its NUL. */
void buf_append_str(struct buf *b, const char *s);
/* Appends one byte. */
void buf_append_byte(struct buf *b, uint8_t byte);
/* Appends an unsigned decimal number. */
void buf_append_u64(struct buf *b, uint64_t v);
/* Appends as printf does. */
void buf_appendf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Removes n bytes from the front (n <= len). */
void buf_consume(struct buf *b, size_t n);

/* JSON writing straight into a buffer (RFC 8259). Strings are given as UTF-8 known to be valid. */
void buf_append_json_string(struct buf *b, const char *s, size_t n); /* with quotes and escapes */

#endif
