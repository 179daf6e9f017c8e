"""An embedded Azure to try every command on: ARM over HTTPS on loopback, Resource Graph on DuckDB. Needs extra `demo`."""
