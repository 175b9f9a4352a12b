#include "example_files.h"

#include "cmocka_wrap.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

json_t *example_files_read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	char bytes[70000];

	assert_non_null(f);
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_true(n > 0 && n < sizeof(bytes));
	json_t *text = json_stringn(bytes, bytes[n - 1] == '\n' ? n - 1 : n);
	if (text == NULL)
		fail_msg("%s is not UTF-8", path);
	return text;
}

json_t *example_files_read_folder(const char *folder, const char *below, bool parse)
{
	json_t *all = json_object();
	char path[1000];

	snprintf(path, sizeof(path), "%s/%s", folder, below);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		json_error_t error;

		if (!ends_with(entry->d_name, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, below, entry->d_name);
		json_t *value = parse ? json_load_file(path, JSON_REJECT_DUPLICATES, &error) : example_files_read_text(path);
		if (value == NULL)
			fail_msg("%s: %s", path, error.text);
		json_object_set_new(all, entry->d_name, value);
	}
	closedir(dir);
	assert_true(json_object_size(all) > 0);
	return all;
}
