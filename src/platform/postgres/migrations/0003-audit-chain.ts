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
UPDATE audit_events SET whence_digest = sha256(salt || convert_to('[' || to_json(whence.ip)::text || ',null]', 'UTF8'))
FROM audit_whence whence WHERE whence.event_id = audit_events.id;
ALTER TABLE audit_events DROP COLUMN ip;

-- What waits for its place in the chain. A transaction that commits late is found here, whatever its ids.
CREATE TABLE audit_unsealed (event_id bigint PRIMARY KEY);
INSERT INTO audit_unsealed (event_id) SELECT id FROM audit_events;

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

-- Where a function's statement ends in a semicolon, the next one begins with it: at a line's end it would end this one.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation'
; END $$;

-- What lies before the bound of a pruning may go; the bound holds for its transaction alone.
CREATE FUNCTION audit_prune_bound() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('latchkey.audit_prune_bound', true), '')::bigint
$$;
CREATE FUNCTION audit_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (CASE TG_TABLE_NAME
    WHEN 'audit_events' THEN EXISTS (
      SELECT FROM audit_seals WHERE event_id = (to_jsonb(OLD)->>'id')::bigint AND position < audit_prune_bound()
    )
    ELSE (to_jsonb(OLD)->>'position')::bigint < audit_prune_bound()
  END) THEN RETURN OLD
  ; END IF
  ; RAISE EXCEPTION '% is append-only: DELETE is refused', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'
; END $$;
-- Only the front of the chain goes, and all of it up to the bound.
CREATE FUNCTION audit_refuse_hole() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM audit_seals WHERE position < audit_prune_bound()) THEN
    RAISE EXCEPTION 'audit_seals is append-only: only its oldest rows go' USING ERRCODE = 'restrict_violation'
  ; END IF
  ; RETURN NULL
; END $$;

CREATE TRIGGER append_only BEFORE UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER append_only BEFORE UPDATE ON audit_whence FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER append_only BEFORE UPDATE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER append_only BEFORE UPDATE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER oldest_only BEFORE DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete();
CREATE TRIGGER oldest_only BEFORE DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete();
CREATE TRIGGER oldest_only BEFORE DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse_delete();
CREATE TRIGGER no_hole AFTER DELETE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_hole();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_whence FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_unsealed FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
`
