"""The store on a PostgreSQL server: the only user of psycopg."""
