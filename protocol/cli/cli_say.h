/*
 * Prints what `parley` prints, from a server, a person, a file or the command line. Everything goes through text_show.h, so that no text controls a
 * terminal and a line stays one line.
 */
#ifndef PARLEY_CLI_CLI_SAY_H
#define PARLEY_CLI_CLI_SAY_H

#include <jansson.h>

/* Prints "parley: …" as a line of standard error: a fault, or what the program does. */
void cli_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints a line of standard output. */
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a piece of a line of standard output. */
void cli_print_piece(const char *text);
/* Prints a piece that may have several lines. Tabs stay, and each further line is indented. */
void cli_print_text(const char *text);

/* Prints JSON as a line of standard output. Characters that are not shown are written as JSON's escapes, so the value stays the same. */
void cli_print_json(const json_t *json);
/* Prints n bytes of valid JSON in the same way. The other bytes stay unchanged. */
void cli_print_json_bytes(const char *json, size_t n);

#endif
