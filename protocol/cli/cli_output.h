/*
 * Writes standard output and reports its loss. Output that is lost is an error: "parley: cannot write to standard output: …" and exit code 1. A closed
 * standard output is reported before anything is done, so that nothing is sent or made whose answer is lost. Who wants no answer uses /dev/null. When the
 * reader goes away, as head(1) does, the exit code is 1 without a message.
 *
 * Ownership: main() owns the struct. Between begin and end stdout is another stream, which keeps the first error. One thread writes.
 */
#ifndef PARLEY_CLI_CLI_OUTPUT_H
#define PARLEY_CLI_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct cli_output {
	FILE *before; /* the stream that stdout was */
	int error;    /* errno of the first write that failed; 0: none has failed */
};

/* Returns false, after telling the fault, when standard output is closed. */
bool cli_output_begin(struct cli_output *out);
/* Writes what is left and tells the error. Returns `result`, or CLI_FAILED when output was lost and `result` is CLI_OK. */
int cli_output_end(struct cli_output *out, int result);

/* Writes what is buffered. Returns false when this or an earlier write has failed: then the command ends. */
bool cli_output_flush(void);
/* Returns the descriptor with which parley_client_run() notices that the reader has gone, or -1 when that cannot be noticed. */
int cli_output_reader(void);

#endif
