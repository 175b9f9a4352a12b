/* Secrets that an operator keeps in files: the first line counts. Any thread. */
#ifndef PARLEY_BASE_SECRET_FILE_H
#define PARLEY_BASE_SECRET_FILE_H

#include <stddef.h>

enum { SECRET_FILE_BYTES = 1024, SECRET_FILE_WHY_BYTES = 120 };

/* Returns 0 with the first line; or -1 with the end of "FILE: …" in `why`, which has nothing of the file in it. Wipe the secret after use. */
int secret_file_read(const char *path, char secret[SECRET_FILE_BYTES], char why[SECRET_FILE_WHY_BYTES]);

#endif
