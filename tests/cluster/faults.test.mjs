// Three instances under load, and what goes wrong with Redis and on the way there, one after the other: everybody's record stays whole (tests/cluster/table prints the figures).
import { LINKS } from './lib/faults.mjs';
import { testFaults } from './lib/play.mjs';

testFaults(LINKS);
