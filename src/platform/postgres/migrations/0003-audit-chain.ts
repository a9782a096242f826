export const auditChain = `
-- Personal data stand apart, where they can be deleted. The event keeps their digest, which the chain covers.
CREATE TABLE audit_whence (
  event_id   bigint PRIMARY KEY,
  ip         text,
  user_agent text,
  salt       bytea NOT NULL
);
ALTER TABLE audit_events ADD COLUMN whence_digest bytea;
INSERT INTO audit_whence (event_id, ip, salt)
SELECT id, ip, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
FROM audit_events WHERE ip IS NOT NULL;
UPDATE audit_events SET ip = NULL, whence_digest = sha256(salt || convert_to('[' || to_json(whence.ip)::text || ',null]', 'UTF8'))
FROM audit_whence whence WHERE whence.event_id = audit_events.id;

-- What waits for its place in the chain. A transaction that commits late is found here, whatever its ids.
CREATE TABLE audit_unsealed (event_id bigint PRIMARY KEY);
INSERT INTO audit_unsealed (event_id) SELECT id FROM audit_events;
-- Where a function's statement ends in a semicolon, the next one begins with it: at a line's end it would end this one.
CREATE FUNCTION audit_enqueue() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audit_unsealed (event_id) SELECT id FROM added
  ; RETURN NULL
; END $$;
CREATE TRIGGER enqueue AFTER INSERT ON audit_events REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION audit_enqueue();

-- A process of the version before writes addresses to a column that a later version drops: they are put apart here too.
CREATE FUNCTION audit_set_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own_salt bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
; BEGIN
  INSERT INTO audit_whence (event_id, ip, salt) VALUES (NEW.id, NEW.ip, own_salt)
  ; NEW.whence_digest := sha256(own_salt || convert_to('[' || to_json(NEW.ip)::text || ',null]', 'UTF8'))
  ; NEW.ip := NULL
  ; RETURN NEW
; END $$;
CREATE TRIGGER set_apart BEFORE INSERT ON audit_events FOR EACH ROW WHEN (NEW.ip IS NOT NULL)
EXECUTE FUNCTION audit_set_apart();

CREATE TABLE audit_seals (
  position bigint PRIMARY KEY CHECK (position BETWEEN 1 AND 9007199254740991),
  event_id bigint NOT NULL UNIQUE,
  hash     bytea NOT NULL
);

-- Signed statements on the chain: how far it goes, its hash there, and where it and the checkpoints begin.
CREATE TABLE audit_checkpoints (
  number        bigint PRIMARY KEY CHECK (number BETWEEN 1 AND 9007199254740991),
  position      bigint NOT NULL,
  hash          bytea NOT NULL,
  from_number   bigint NOT NULL,
  from_position bigint NOT NULL,
  anchor_hash   bytea NOT NULL,
  at            timestamptz NOT NULL,
  key_id        text NOT NULL,
  signature     bytea NOT NULL
);
CREATE INDEX audit_checkpoints_position ON audit_checkpoints (position, number);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation'
; END $$;

-- What lies before the place where the newest checkpoint has the chain begin may go; the newest checkpoint never goes. A
-- pruning signs first and deletes then. Who inserts a checkpoint to delete more leaves it behind, unsigned.
CREATE FUNCTION audit_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE newest audit_checkpoints
; place bigint
; BEGIN
  SELECT * INTO newest FROM audit_checkpoints ORDER BY number DESC LIMIT 1
  ; IF TG_TABLE_NAME = 'audit_events' THEN
    SELECT position INTO place FROM audit_seals WHERE event_id = OLD.id
  ; ELSE
    place := OLD.position
  ; END IF
  ; IF place < newest.from_position AND to_jsonb(OLD) <> to_jsonb(newest) THEN RETURN OLD
  ; END IF
  ; RAISE EXCEPTION '% is append-only: DELETE is refused', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'
; END $$;
-- Only the front of the chain goes, all of it at once, and nothing is put in its place.
CREATE FUNCTION audit_refuse_front() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM audit_seals WHERE position < (
    SELECT from_position FROM audit_checkpoints ORDER BY number DESC LIMIT 1
  )) THEN
    RAISE EXCEPTION 'audit_seals is append-only: only its oldest rows go' USING ERRCODE = 'restrict_violation'
  ; END IF
  ; RETURN NULL
; END $$;
-- Else a temporary table of the same name would stand before the one that is meant.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION audit_refuse_delete() SET search_path = %I, pg_temp', current_schema())
  ; EXECUTE format('ALTER FUNCTION audit_refuse_front() SET search_path = %I, pg_temp', current_schema())
; END $$;

CREATE TRIGGER append_only BEFORE UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER append_only BEFORE UPDATE ON audit_whence FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER append_only BEFORE UPDATE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER append_only BEFORE UPDATE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER oldest_only BEFORE DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete();
CREATE TRIGGER oldest_only BEFORE DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete();
CREATE TRIGGER oldest_only BEFORE DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete();
CREATE TRIGGER no_hole AFTER INSERT OR DELETE ON audit_seals
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_front();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_whence FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_unsealed FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
`
