export const epochsAndSubjects = `
-- The epoch counts the changes after which no earlier proof of identity opens a session.
ALTER TABLE users ADD COLUMN disabled_at timestamptz, ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE audit_events ADD COLUMN subject text;
`
