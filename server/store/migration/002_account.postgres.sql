-- In PostgreSQL the table was never named "user".
SELECT 1;
