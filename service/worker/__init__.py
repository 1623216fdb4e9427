"""The clock and the sending: everything that happens without anybody asking just now.

`sender.Worker` takes batches and calls gateways, `process` runs it as one, `clockwork` ticks
the timed jobs and writes down how each went, `jobs` and `duties` are those jobs, `supervisor`
keeps a worker process alive, `locks` keeps a second one off a SQLite file.

Nothing is gathered here: the web server needs the supervisor, and not what it watches over.
"""
