"""Where replies are kept: files of SQLite, or a PostgreSQL server that many machines share."""
