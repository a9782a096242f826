export const initialTables = `
CREATE TABLE users (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email         text NOT NULL CONSTRAINT users_email_key UNIQUE,
  password_hash text,
  created_at    timestamptz NOT NULL,
  CONSTRAINT users_email_canonical CHECK (email = lower(email) AND length(email) <= 254)
);

-- A refresh changes three columns, none of them indexed, on pages that keep room: so it is a heap-only update.
CREATE TABLE sessions (
  id              uuid PRIMARY KEY,
  user_id         bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  generation      integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
  created_at      timestamptz NOT NULL,
  last_used_at    timestamptz NOT NULL,
  idle_expires_at timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  revoked_at      timestamptz,
  user_agent      text,
  ip              text,
  CONSTRAINT sessions_end CHECK (idle_expires_at <= expires_at)
) WITH (fillfactor = 70);
CREATE INDEX sessions_user_id ON sessions (user_id);

CREATE TABLE signing_keys (
  kid                text PRIMARY KEY,
  algorithm          text NOT NULL,
  public_jwk         jsonb NOT NULL,
  sealed_private_key bytea NOT NULL,
  created_at         timestamptz NOT NULL,
  activates_at       timestamptz NOT NULL,
  retires_at         timestamptz
);

-- No foreign keys: what happened stays on record after the person or the session is gone.
CREATE TABLE audit_events (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL,
  kind       text NOT NULL,
  user_id    bigint,
  session_id uuid,
  ip         text,
  request_id text
);
CREATE INDEX audit_events_user_id ON audit_events (user_id, id);
`
