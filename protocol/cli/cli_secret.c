/*
 * Secrets come from files, the environment or a prompt. They never come from arguments, which every user can read with ps(1).
 */
#include "cli/cli_say.h"
#include "cli/cli_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The byte-order mark with which some editors begin a file. No editor shows it. */
static const char byte_order_mark[] = "\xEF\xBB\xBF";

static bool read_line(FILE *in, char *out, size_t size)
{
	if (fgets(out, (int)size, in) == NULL)
		return false;
	size_t n_mark = sizeof byte_order_mark - 1;
	if (strncmp(out, byte_order_mark, n_mark) == 0)
		memmove(out, out + n_mark, strlen(out + n_mark) + 1);
	size_t n = strcspn(out, "\r\n");
	bool whole = out[n] != '\0' || feof(in);
	out[n] = '\0';
	return whole && n > 0;
}

bool cli_secret_from_file(const char *path, char *out, size_t size)
{
	FILE *in = fopen(path, "re");
	bool ok = in != NULL && read_line(in, out, size);

	if (in == NULL)
		cli_tell("cannot read %s: %s", path, strerror(errno));
	else if (!ok && ferror(in))
		cli_tell("cannot read %s: %s", path, strerror(errno));
	else if (!ok)
		cli_tell("%s: the first line is empty or too long", path);
	if (in != NULL)
		(void)fclose(in);
	return ok;
}

bool cli_secret_from_prompt(const char *prompt, char *out, size_t size)
{
	struct termios shown, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;

	if (terminal) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)fprintf(stderr, "%s: ", prompt);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	bool ok = read_line(stdin, out, size);
	int error = errno;
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		(void)fputc('\n', stderr);
	}
	if (!ok && ferror(stdin))
		cli_tell("%s: cannot read standard input: %s", prompt, strerror(error));
	else if (!ok)
		cli_tell("%s: nothing was given", prompt);
	return ok;
}
