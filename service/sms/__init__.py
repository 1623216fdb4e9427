"""The voice of SMS. What comes in is read (`grammar`, `lexicon`, `words`, `command` to a `reading`)
and kept in one transaction (`intake`); what goes out is a row first (`outbox`), for one, for many
(`broadcasts`) or unasked (`notices`). `gateway` is the contract that `gateways` fulfil."""
