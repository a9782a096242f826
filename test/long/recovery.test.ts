// The faults of the ordinary suite, on a machine that does nothing else: there the two seconds that are promised hold,
// and the five after a failover.
process.env.RECOVERY_BOUND = '2000'
for (const suite of ['commit', 'failover', 'outage', 'silence']) await import(`../faults/${suite}.test.ts`)
