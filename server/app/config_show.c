/* Prints --help, --version and the manual page from the one table. */
#include "app/config.h"
#include "app/config_table.h"

#include <errno.h>
#include <string.h>

enum { NOTE_BYTES = 60 };

static const char *zero_note(const struct config_option *o, char out[NOTE_BYTES])
{
	if (o->zero_is_none && config_table_most(o) < o->most)
		snprintf(out, NOTE_BYTES, "; 0: what the server can hold, %llu", (unsigned long long)config_table_most(o));
	else
		snprintf(out, NOTE_BYTES, "%s", o->zero_is_none ? "; 0: none" : "");
	return out;
}

static void show_help(FILE *out)
{
	fprintf(out, "Usage: parleyd [OPTION]...\n"
		     "A chat server for browsers and bots: rooms over WebSocket and HTTP, kept in one SQLite file or in PostgreSQL.\n\n"
		     "Each option may be a flag (--name=value or --name value), an environment variable (PARLEY_NAME)\n"
		     "or a line of the file given with --config (name = value); a flag weighs most, the file least.\n"
		     "Repeatable ones are separated by commas in the environment.\n\n");
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		char flag[CONFIG_NAME_BYTES], note[NOTE_BYTES];
		config_table_spell(&table[i], CONFIG_SPELLING_FLAG, flag);
		fprintf(out, "  %s%s%s", flag, table[i].value ? "=" : "", table[i].value ? table[i].value : "");
		if (table[i].fallback)
			fprintf(out, "  (default: %s)", table[i].fallback);
		fprintf(out, "%s\n      %s%s.\n", table[i].clear ? "  (repeatable)" : "", table[i].help, zero_note(&table[i], note));
	}
	fprintf(out, "\nIt ends with status 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 when an option is wrong,\n"
		     "3 when the disk or the database file failed under it.\n");
}

/* Escapes text for roff, which reads '-' as a hyphen, '\' as an escape, and a line that begins with '.' or ''' as a request. */
static void put_roff(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (c == text && (*c == '.' || *c == '\''))
			fputs("\\&", out);
		if (*c == '-')
			fputs("\\-", out);
		else if (*c == '\\')
			fputs("\\e", out);
		else
			fputc(*c, out);
	}
}

static void put_roff_option(FILE *out, const struct config_option *o)
{
	char flag[CONFIG_NAME_BYTES], variable[CONFIG_NAME_BYTES], note[NOTE_BYTES];
	config_table_spell(o, CONFIG_SPELLING_FLAG, flag);
	config_table_spell(o, CONFIG_SPELLING_ENVIRONMENT, variable);
	fputs(".TP\n\\fB", out);
	put_roff(out, flag);
	fputs("\\fR", out);
	if (o->value) {
		fputs("=\\fI", out);
		put_roff(out, o->value);
		fputs("\\fR", out);
	}
	fputs("\n", out);
	put_roff(out, o->help);
	put_roff(out, zero_note(o, note));
	fputs(".\n", out);
	if (o->clear)
		fputs("Repeatable.\n", out);
	if (o->fallback) {
		fputs("Default: ", out);
		put_roff(out, o->fallback);
		fputs(".\n", out);
	}
	if (o->value)
		fprintf(out, "Environment: %s.\n", variable);
}

static void show_man(FILE *out)
{
	fputs(".TH PARLEYD 8 \"\" \"parley " PARLEY_VERSION "\" \"Parley\"\n"
	      ".SH NAME\nparleyd \\- chat server for browsers and bots\n"
	      ".SH SYNOPSIS\n.B parleyd\n[\\fIOPTION\\fR]...\n"
	      ".SH DESCRIPTION\n"
	      "Serves rooms with durable, ordered messages over WebSocket (/ws), HTTP (/api/v1/) and event streams, and a page to chat on,\n"
	      "from one SQLite file or a PostgreSQL database. When it is ready it prints one line per listener on standard output, and, while nobody owns the\n"
	      "server, a link that makes the owner's account, once. It logs to standard error, and never waits for whoever reads\n"
	      "that: lines without room are dropped, and their number is logged when there is room again.\n"
	      ".SH OPTIONS\n"
	      "Each option may be a flag, an environment variable, or a line\n.I name = value\nof the file given with\n.BR \\-\\-config ;\n"
	      "a flag weighs most, the file least. Repeatable ones are separated by commas in the environment.\n",
	      out);
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++)
		put_roff_option(out, &table[i]);
	fputs(".SH SIGNALS\n"
	      ".TP\nSIGTERM, SIGINT\nDrain and end: no new connections, clients are told when to come back, what was begun is finished.\n"
	      ".TP\nSIGHUP\nRead the certificate and the key again.\n"
	      ".SH EXIT STATUS\n"
	      ".TP\n0\nEnded by SIGTERM or SIGINT.\n"
	      ".TP\n1\nCould not start; the last line on standard error says why.\n"
	      ".TP\n2\nAn option is wrong.\n"
	      ".TP\n3\nThe disk or the database file failed under it. Nothing that was acknowledged is lost; start it again.\n"
	      ".SH SEE ALSO\n.BR parley (1)\n",
	      out);
}

int config_show(enum config_outcome what, FILE *out)
{
	errno = 0; /* a page that is longer than the buffer fails before the flush */
	switch (what) {
	case CONFIG_HELP:
		show_help(out);
		break;
	case CONFIG_VERSION:
		fputs("parleyd " PARLEY_VERSION "\n", out);
		break;
	case CONFIG_MAN:
		show_man(out);
		break;
	case CONFIG_RUN:
	case CONFIG_FAULT:
		break;
	}
	if (!fflush(out) && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}
