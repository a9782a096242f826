export const throttle = `
-- One row for each quota that is not whole; full_at is when it will be. Changed over and over: no index
-- but the key's, and pages that keep room, so that each change is a heap-only one.
CREATE TABLE throttle_buckets (
  key     text PRIMARY KEY,
  full_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Where an account was logged in to before, both by their keyed hashes.
CREATE TABLE known_places (
  account text NOT NULL,
  place   text NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (account, place)
);

-- Failed logins in a row: from places where the person has logged in before, and from all others. Apart from the users,
-- whose rows others wait for.
CREATE TABLE login_streaks (
  user_id   bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  known     integer NOT NULL,
  elsewhere integer NOT NULL
) WITH (fillfactor = 50);

-- What is written for an address that has no account, so that its failure takes the time of any other: a commit takes
-- longer than none. So many rows, and no more, whatever is typed.
CREATE TABLE login_streak_decoys (
  slot      integer PRIMARY KEY,
  known     integer NOT NULL,
  elsewhere integer NOT NULL
) WITH (fillfactor = 50);
`
