#include "base/secret_file.h"

#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int secret_file_read(const char *path, char secret[SECRET_FILE_BYTES], char why[SECRET_FILE_WHY_BYTES])
{
	FILE *file = fopen(path, "re");
	if (!file) {
		snprintf(why, SECRET_FILE_WHY_BYTES, "it cannot be read: %s", strerror(errno));
		return -1;
	}
	setvbuf(file, NULL, _IONBF, 0); /* no copy of it stays in a buffer */
	size_t n = fread(secret, 1, SECRET_FILE_BYTES, file);
	fclose(file);
	size_t line = n;
	for (size_t i = 0; i < n && line == n; i++) {
		if (secret[i] == '\n' || secret[i] == '\r' || secret[i] == '\0')
			line = i;
	}
	if (line > 0 && line < SECRET_FILE_BYTES) {
		secret[line] = '\0';
		return 0;
	}
	secret_wipe(secret, SECRET_FILE_BYTES);
	snprintf(why, SECRET_FILE_WHY_BYTES,
		 line == 0 ? "its first line is empty, and has to be the password" : "its first line is longer than 1023 bytes");
	return -1;
}
