/* Runs a fuzz target once over each file of the directories and files named, without libFuzzer: kept inputs as an ordinary test. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay_file(const char *path, size_t n)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data = malloc(n ? n : 1);
	if (!in || !data || fread(data, 1, n, in) != n) {
		fprintf(stderr, "%s: cannot read\n", path);
		exit(1);
	}
	fclose(in);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 1;
}

static int replay(const char *path)
{
	struct stat about;
	if (stat(path, &about)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	if (!S_ISDIR(about.st_mode))
		return replay_file(path, (size_t)about.st_size);
	DIR *dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	int n_files = 0;
	for (struct dirent *e; (e = readdir(dir));) {
		char inside[4096];
		if (e->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(inside, sizeof(inside), "%s/%s", path, e->d_name) < sizeof(inside))
			n_files += replay(inside);
	}
	closedir(dir);
	return n_files;
}

int main(int argc, char **argv)
{
	int n_files = 0;
	for (int i = 1; i < argc; i++)
		n_files += replay(argv[i]);
	printf("%d inputs replayed\n", n_files);
	return n_files ? 0 : 1; /* an empty corpus tests nothing */
}
