-- Runs once, in the database that the image's entrypoint has just made: the service gets a role that owns this database and
-- has no other right, and the superuser, which the image makes, gets in from its own container alone.
\set password `cat /run/database-password/password`
CREATE ROLE latchkey LOGIN PASSWORD :'password';
ALTER DATABASE latchkey OWNER TO latchkey;
ALTER ROLE CURRENT_USER PASSWORD NULL;
