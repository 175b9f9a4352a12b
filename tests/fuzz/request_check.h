/* Checks what holds for every outcome of the decoder. Shared by the targets of requests. */
#ifndef PARLEY_FUZZ_REQUEST_CHECK_H
#define PARLEY_FUZZ_REQUEST_CHECK_H

#include "codec/request_decode.h"

/* Aborts when the outcome breaks a promise of request_decode.h. Finishes the request. */
void request_check(bool ok, struct request *request, const struct request_fault *fault, const struct limits *limits);

#endif
