/*
 * What a name looks like (Unicode UTS #39, section 4; ICU): two names with one skeleton are easily taken for each other, as "ann" and the
 * one whose first letter is Cyrillic, or "PayPal" and the one with a capital I at its end. It is made of the name as it is shown; the store
 * keeps it beside the folded name.
 */
#ifndef PARLEY_STORE_SKELETON_H
#define PARLEY_STORE_SKELETON_H

#include <sqlite3.h>

/* Makes skeleton(NAME) known to this connection, which frees what it takes. Returns SQLite's code. */
int skeleton_register(sqlite3 *db);

#endif
