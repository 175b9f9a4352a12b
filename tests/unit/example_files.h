/*
 * Reading the examples that the build made of protocol/schema/, for tests. What cannot be read fails the test. The caller owns what is returned.
 */
#ifndef PARLEY_TESTS_EXAMPLE_FILES_H
#define PARLEY_TESTS_EXAMPLE_FILES_H

#include <jansson.h>
#include <stdbool.h>

/* A file's bytes, without the newline at the end, as a JSON string. */
json_t *example_files_read_text(const char *path);
/* An object of all files FOLDER/BELOW/NAME.json by their names: parsed, or as example_files_read_text() has them. */
json_t *example_files_read_folder(const char *folder, const char *below, bool parse);

#endif
