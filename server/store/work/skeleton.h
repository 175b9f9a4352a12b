/*
 * What a name looks like (Unicode UTS #39, section 4; ICU): two names with one skeleton are easily taken for each other, as "ann" and the
 * one whose first letter is Cyrillic, or "PayPal" and the one with a capital I at its end. It is made of the name as it is shown; the store
 * keeps it beside the folded name, and makes all anew when another version of ICU, with other tables, or of this function runs. What shows nothing (joiners,
 * variation selectors, tags) does not count.
 */
#ifndef PARLEY_STORE_WORK_SKELETON_H
#define PARLEY_STORE_WORK_SKELETON_H

#include <sqlite3.h>

enum { SKELETON_VERSION_BYTES = 40 };

/* Skeletons of different versions are not to be compared. */
void skeleton_version(char out[SKELETON_VERSION_BYTES]);

/* Makes skeleton(NAME) known to this connection, which frees what it takes. Returns SQLite's code. */
int skeleton_register(sqlite3 *db);

#endif
