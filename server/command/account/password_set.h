/*
 * Changes an existing account from the operator's socket: its password, its role.
 */
#ifndef PARLEY_COMMAND_ACCOUNT_PASSWORD_SET_H
#define PARLEY_COMMAND_ACCOUNT_PASSWORD_SET_H

#include "command/answer.h"

/* password.s NULL: unchanged. Answers {"user_id":…}; signs the account's sessions out when the password changes. */
void password_set(struct call *call, struct text name, struct text password, bool make_owner);

#endif
