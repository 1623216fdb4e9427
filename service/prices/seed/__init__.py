"""Facts Sugu starts from. `kita.toml` is sourced; `demo.toml` is fiction and says so."""
