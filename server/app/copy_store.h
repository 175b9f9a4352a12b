/* `parleyd copy FROM TO`, which `parley admin copy` runs: moves a store between two databases (store/copy/). Before anything of the server has begun. */
#ifndef PARLEY_APP_COPY_STORE_H
#define PARLEY_APP_COPY_STORE_H

/* Returns the exit status: 0; 1 with a sentence on standard error; 2 for wrong usage. */
int copy_store_run(int n_words, char **words);

#endif
