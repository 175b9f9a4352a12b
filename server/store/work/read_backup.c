/* STORE_BACKUP, where the database has such. */
#include "store/work/store_reader.h"

#include <errno.h>
#include <stdio.h>

int read_backup(struct store_reader *r, struct store_backup *op)
{
	if (r->driver->methods->backup)
		return r->driver->methods->backup(r->db, op);
	snprintf(op->fault, sizeof op->fault, "%s", r->driver->methods->backup_instead);
	return -ENOTSUP;
}
