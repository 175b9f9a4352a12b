#include "command/rights.h"

#include <assert.h>

enum answer_size { SHORT, PAGE };

static const struct {
	enum access access;
	enum answer_size answer;
} rows[CMD_COUNT] = {
#define X(symbol, ident, access, answer) [symbol] = {ACCESS_##access, answer},
	COMMAND_RIGHTS_TABLE(X)
#undef X
};

enum access rights_access(enum command command)
{
	assert(command < CMD_COUNT);
	return rows[command].access;
}

bool rights_answers_page(enum command command)
{
	return rows[command].answer == PAGE;
}
