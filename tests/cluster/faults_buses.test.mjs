// Three instances under load: what goes wrong in a Redis Cluster, over TLS, and with Sentinels.
import { BUSES } from './lib/faults.mjs';
import { testFaults } from './lib/play.mjs';

testFaults(BUSES);
