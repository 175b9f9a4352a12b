/*
 * Standard output, and what becomes of it. Output that is lost is an error: "parley: cannot write to standard output: …" and exit code 1. A
 * closed standard output is told before anything is done, so that nothing is sent, or made, whose answer nobody gets (/dev/null is
 * for those who want none). A reader that goes away, as head(1) does, wanted no more: exit code 1 without a word.
 *
 * Ownership: a struct of main()'s; between begin and end stdout is a stream of its own that keeps the first error. One thread writes.
 */
#ifndef PARLEY_CLI_CLI_OUTPUT_H
#define PARLEY_CLI_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct cli_output {
	FILE *before; /* what stdout was */
	int error;    /* errno of the first write that failed; 0: none did */
};

/* False when standard output is closed, which is told. */
bool cli_output_begin(struct cli_output *out);
/* Writes what is left, and tells the error. `result` or, in place of CLI_OK, CLI_FAILED. */
int cli_output_end(struct cli_output *out, int result);

/* Writes what is there; false when that, or anything before, failed: it is time to end. */
bool cli_output_flush(void);
/* The descriptor to hand to parley_client_run(), which then tells that the reader has gone; -1 when that cannot be seen. */
int cli_output_reader(void);

#endif
