/* cmocka's header needs four others before it. */
#ifndef PARLEY_TESTS_CMOCKA_WRAP_H
#define PARLEY_TESTS_CMOCKA_WRAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
