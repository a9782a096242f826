#!/bin/sh
# Starts one of two PostgreSQL servers: as the primary, or as the standby of the other, whose name is in PEER. A server
# that finds the other to be the primary follows it, whatever it was before: nothing is written in two places.
set -eu

umask 077
pgpass="${TMPDIR:-/tmp}/pgpass"
printf '*:*:*:%s:%s\n' "$POSTGRES_USER" "$(cat "$POSTGRES_PASSWORD_FILE")" >"$pgpass"
export PGPASSFILE="$pgpass" PGCONNECT_TIMEOUT=3
peer="host=$PEER user=$POSTGRES_USER dbname=$POSTGRES_DB"

peer_answers() {
  [ "$(psql "$peer" -AXtqc 'SELECT true' 2>/dev/null)" = t ]
}

peer_is_primary() {
  [ "$(psql "$peer" -AXtqc 'SELECT NOT pg_is_in_recovery()' 2>/dev/null)" = t ]
}

# Beside the data and on the same volume: what is being copied, and that a rewind has begun.
copy="$PGDATA.copy"
rewinding="$PGDATA.rewinding"

# What holds for a primary does not hold for its standby: once promoted it would wait for one that is not there.
forget_standbys() {
  echo "synchronous_standby_names = ''" >>"$1/postgresql.auto.conf"
}

# A copy that was cut off looks like a database and is none: it gets its place when it is whole.
follow_peer() {
  echo "$NAME: copies $PEER"
  rm -rf "$copy"
  mkdir -p "$copy"
  pg_basebackup --dbname="$peer application_name=$NAME passfile=$pgpass" --pgdata="$copy" \
    --write-recovery-conf --wal-method=stream --checkpoint=fast
  forget_standbys "$copy"
  sync "$copy/postgresql.auto.conf"
  # An empty folder, which the image has made. With anything in it this fails, and so does the start.
  if [ -e "$PGDATA" ]; then rmdir "$PGDATA"; fi
  mv "$copy" "$PGDATA"
  sync "$(dirname "$PGDATA")"
}

# pg_rewind that was cut off leaves what is neither the one database nor the other, and may not find its way a second
# time. What only this server had was given up when it began.
copy_anew() {
  echo "$NAME: was cut off while it gave up what only it had, and waits for $PEER to copy all of it"
  until peer_is_primary; do sleep 1; done
  rm -rf "$PGDATA"
  follow_peer
  rm -f "$rewinding"
}

# Each promotion begins a new timeline. The server with the older one is the one that fell behind, whoever started first.
rejoin_peer() {
  # pg_rewind looks for the promotion in the control file, which the next checkpoint writes. Without it, it would see no
  # reason to rewind, and what only this server has would stay.
  psql "$peer" -Xqc CHECKPOINT
  theirs=$(psql "$peer" -AXtqc 'SELECT timeline_id FROM pg_control_checkpoint()')
  ours=$(LC_ALL=C pg_controldata "$PGDATA" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
  # A comparison with nothing is false, and would have this server give up what it has.
  : "${theirs:?the timeline of $PEER is not known}" "${ours:?the timeline of this server is not known}"
  if [ "$theirs" -le "$ours" ]; then
    echo "$NAME: $PEER takes writes on timeline $theirs, and this server has timeline $ours: stop the one that is behind" >&2
    exit 1
  fi
  echo "$NAME: $PEER was promoted, so this server gives up what only it has, and follows"
  # Left by a server that was killed. It names process 1, which this script is by now: nothing else runs in here yet.
  rm -f "$PGDATA/postmaster.pid"
  touch "$rewinding"
  sync "$rewinding"
  pg_rewind --source-server="$peer application_name=$NAME passfile=$pgpass" --target-pgdata="$PGDATA" \
    --write-recovery-conf
  forget_standbys "$PGDATA"
  sync "$PGDATA/postgresql.auto.conf"
  rm -f "$rewinding"
}

if [ -e "$rewinding" ]; then
  copy_anew
elif [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ "$BEGINS" = yes ]; then
    # An empty folder beside a standby that waits for its primary is a lost disk, and no beginning.
    while peer_answers && ! peer_is_primary; do
      echo "$NAME: has no data, and $PEER is a standby: promote it" >&2
      sleep 5
    done
    if peer_is_primary; then follow_peer; fi
  else
    until peer_is_primary; do sleep 1; done
    follow_peer
  fi
elif [ ! -f "$PGDATA/standby.signal" ] && peer_is_primary; then
  rejoin_peer
fi

# The image's own entrypoint makes the database where there is none, and runs what stands in that folder then.
exec docker-entrypoint.sh postgres -c cluster_name="$NAME"
