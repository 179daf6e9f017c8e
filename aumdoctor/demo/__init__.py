"""An embedded Azure to try every command on: ARM over HTTPS, Resource Graph on DuckDB (extra `demo`)."""
