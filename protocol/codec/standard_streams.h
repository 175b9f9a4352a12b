/*
 * Descriptors 0, 1 and 2 as every program of ours wants them: open. A program that is started without one of them would get its number back
 * for a socket or a file of its own, and would then print into that or read from it.
 *
 * Threads: to be called first thing in main(), before anything else opens a descriptor.
 */
#ifndef PARLEY_CODEC_STANDARD_STREAMS_H
#define PARLEY_CODEC_STANDARD_STREAMS_H

/* Opens the null device in the place of each that is closed: reading standard input gives end of file, writing standard output fails with EBADF,
 * so that lost output is noticed, and what goes to standard error is gone. 0, or a negative errno; then nothing can be done but end. */
int standard_streams_open(void);

#endif
