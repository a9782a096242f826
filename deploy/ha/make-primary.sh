#!/bin/sh
# Runs once, in the database that the image's entrypoint has just made: the other server may stream from this one, and
# no commit is acknowledged before it is on that one's disk too.
set -eu
echo 'host replication all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
# In double quotes, since the name has a hyphen.
psql -v ON_ERROR_STOP=1 -v peer="\"$PEER\"" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
ALTER SYSTEM SET synchronous_standby_names = :'peer';
-- Here and not at the start: pg_rewind brings a server that was killed to rest first, and reads no command line.
ALTER SYSTEM SET wal_log_hints = on;
ALTER SYSTEM SET wal_keep_size = '1GB';
SQL
