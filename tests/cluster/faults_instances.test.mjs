// Three instances under load: what goes wrong with them and their database.
import { INSTANCES } from './lib/faults.mjs';
import { testFaults } from './lib/play.mjs';

testFaults(INSTANCES);
