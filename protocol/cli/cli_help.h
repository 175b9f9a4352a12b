/*
 * Help and the manual page, from the tables of cli_command.h. Writes to stdout.
 */
#ifndef PARLEY_CLI_CLI_HELP_H
#define PARLEY_CLI_CLI_HELP_H

#include "cli/cli_command.h"

/* parley --help */
void cli_help_all(void);
/* parley COMMAND --help */
void cli_help_command(const struct cli_command *command);
/* parley --man: parley.1 as roff (man(7)). */
void cli_help_man(void);

#endif
