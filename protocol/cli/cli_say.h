/*
 * What `parley` prints, wherever a piece of it comes from: a server, a person, a file or the command line. Everything goes through
 * text_show.h, so that no terminal obeys it and a line stays a line.
 */
#ifndef PARLEY_CLI_CLI_SAY_H
#define PARLEY_CLI_CLI_SAY_H

#include <jansson.h>

/* "parley: …" as a line of standard error: faults, and what goes on. */
void cli_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line of standard output. */
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A piece of a line of standard output. */
void cli_print_piece(const char *text);
/* The same for a text that may have several lines: tabs stay, and each further line is indented. */
void cli_print_text(const char *text);

/* JSON as a line of standard output. What would not be shown as it is stands there as JSON's own escape, so that the value is the same. */
void cli_print_json(const json_t *json);
/* The same for n bytes of valid JSON, which otherwise stay as they are. */
void cli_print_json_bytes(const char *json, size_t n);

#endif
